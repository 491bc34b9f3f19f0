/** Rows of a small Node.js service: the example of the repository, its packages in the context, so that no network is timed. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildSpec } from "./builders.ts";
import { contextOf, kept } from "./contexts.ts";
import { BARE_NODE, floorFolder, unpacked } from "./floors.ts";
import type { Place, Row } from "./rows.ts";

const EXAMPLE = "examples/node-express-ts";
const PACKAGES = "npm ci --offline --no-audit --no-fund --cache";

function app({ folder, registry }: Place): BuildSpec {
  const base = (name: string): string => `${registry}/library/${name}`;
  const dockerfile = `FROM ${base("node:18")} AS build
WORKDIR /app
COPY package*.json ./
COPY packages /tmp/packages
RUN ${PACKAGES} /tmp/packages
COPY src src
COPY tsconfig.json ./
RUN npm run build
FROM ${base("node:18-slim")}
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
CMD ["node", "dist/index.js"]
`;
  return contextOf(folder, "app", dockerfile, {
    make(context) {
      copyExample(context);
      packagesOf(join(context, "packages"));
    },
  });
}

/** Fills a folder with npm's cache of the example's packages, from the network. Gives the folder. */
export function packagesOf(path: string): string {
  if (existsSync(path)) return path;
  const scratch = `${path}.scratch`;
  copyExample(scratch);
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--cache", path], { cwd: scratch, stdio: "ignore" });
  rmSync(scratch, { recursive: true });
  rmSync(join(path, "_logs"), { recursive: true, force: true });
  return path;
}

/** The example's own files. */
export function copyExample(to: string): void {
  mkdirSync(to, { recursive: true });
  cpSync(EXAMPLE, to, { recursive: true, filter: (path) => !/node_modules|\/dist(\/|$)/.test(path) });
}

/** The application with its packages installed by this machine's own npm. */
function installed({ folder }: Place): string {
  return kept(folder, "app-installed", "", (path) => {
    copyExample(path);
    execFileSync("npm", [...PACKAGES.split(" ").slice(1), join(folder, "ctx-app/packages")], { cwd: path, stdio: "ignore" });
  });
}

/** The user's Dockerfile, with packages from the network. */
function networkApp({ folder, registry }: Place): BuildSpec {
  const base = (name: string): string => `${registry}/library/${name}`;
  const text = `FROM ${base("ubuntu:latest")} AS build\nWORKDIR /app\nRUN apt-get update && apt-get install -y nodejs npm\nCOPY package*.json ./\nRUN npm install --frozen-lock --production\nCOPY . .\nRUN npm run build\nFROM ${base("node:18-slim")}\nWORKDIR /app\nCOPY --from=build /app/dist /app/dist\nCMD ["node", "dist/index.js"]\n`;
  return contextOf(folder, "network-app", text, { make: copyExample });
}

const changeSource = ({ folder }: Place, run: number): void =>
  writeFileSync(join(folder, "ctx-app/src/changed.ts"), `export const changed = "${run} ${Date.now()}";\n`);

/** See rows.ts. */
export const APP_ROWS: readonly Row[] = [
  {
    name: "Node app, cold, packages in the context",
    runs: 1,
    mode: "cold",
    prepare: app,
    floor: {
      words: "`curl`, `igzip -d`, `tar` for the base; `npm ci` and `npm run build` on the host",
      async script(place) {
        installed(place);
        return `${await unpacked(place.registry, { name: "library/node", tag: "18" })}
rm -rf app && cp -r ../app-installed app && rm -rf app/node_modules && cd app
${PACKAGES} ../../ctx-app/packages >/dev/null
npm run build >/dev/null 2>&1`;
      },
    },
  },
  {
    name: "Node app, nothing changed, no output",
    wanted: 0.3,
    runs: 5,
    mode: "warm",
    prepare: app,
    floor: { words: "start of Node.js", script: () => BARE_NODE },
  },
  {
    name: "Node app, nothing changed, OCI tar",
    runs: 2,
    mode: "warm",
    prepare: (place) => ({ ...app(place), output: { kind: "oci", dest: join(place.folder, "app.tar") } }),
    floor: {
      words: "`cp` of the tar",
      script(place) {
        if (!existsSync(join(place.folder, "app.tar"))) execFileSync("truncate", ["-s", "260M", join(place.folder, "app.tar")]);
        return "cp ../app.tar app-copy.tar";
      },
    },
  },
  {
    name: "Node app, one source file changed, no output",
    wanted: 0.4,
    runs: 1,
    mode: "touched",
    prepare: app,
    change: changeSource,
    floor: {
      words: "`npm run build` on the host",
      script(place) {
        installed(place);
        floorFolder(place);
        return "cd ../app-installed && npm run build >/dev/null 2>&1";
      },
    },
  },
  {
    name: "the user's multi-stage Dockerfile, cold, packages from the network",
    wanted: 0.45,
    runs: 1,
    mode: "cold",
    network: true,
    prepare: networkApp,
    floor: { words: "not measured: it is the network's", script: () => "exit 0" },
  },
];
