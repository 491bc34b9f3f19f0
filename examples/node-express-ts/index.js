// What `CMD ["index.js"]` starts: the bundle that `npm run build` makes.
require("./dist/index.js");
