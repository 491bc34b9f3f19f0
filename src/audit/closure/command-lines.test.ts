/** Command lines of shells and languages as values. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJavaCommand, parseManifest } from "./java-command.ts";
import { packageScript, parseNodeCommand } from "./node-command.ts";
import { parsePythonCommand, servedApplication } from "./python-command.ts";
import { plainWords, scriptEnd } from "./shell-script.ts";

const words = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");

function table(name: string, read: (line: string) => unknown, rows: Readonly<Record<string, unknown>>): void {
  describe(name, () => {
    for (const [line, want] of Object.entries(rows)) {
      it(`reads ${JSON.stringify(line)}`, () => {
        assert.deepEqual(read(line), want);
      });
    }
  });
}

table("plainWords()", plainWords, {
  "node server.js": ["node", "server.js"],
  "exec node  server.js --port=80": ["node", "server.js", "--port=80"],
  "cd /app": undefined,
  "A=1 node x": undefined,
  "a && b": undefined,
  "node $MAIN": undefined,
  "node 'a b'": undefined,
  "": undefined,
});

const end = (text: string): string => {
  const found = scriptEnd(text);
  return found === undefined ? "nothing" : found.kind === "words" ? found.words.join(" ") : found.kind;
};
table("scriptEnd()", end, {
  '#!/bin/sh\nset -e\nif [ "$1" = x ]; then\n  shift\nfi\nexec "$@"\n': "arguments",
  "#!/bin/sh\nset -e\necho starting\nexec /app/server --port 80\n# end\n": "/app/server --port 80",
  "#!/bin/sh\ncd /app\nexec ./server\n": "elsewhere",
  "#!/bin/sh\nexec node $MAIN\n": "nothing",
  "#!/bin/sh\nif true; then\n  exec a\nfi\nexec b\n": "nothing",
  "#!/bin/sh\n/app/server\n": "nothing",
  "": "nothing",
});

const served = (line: string): string | undefined => {
  const [server = "", ...args] = words(line);
  const found = servedApplication(server, args);
  return found === undefined ? undefined : `${found.module}: ${found.name}${found.isFactory ? ", called" : ""}`;
};
table("servedApplication()", served, {
  "gunicorn -w 4 main.web:app": "main.web: app",
  "gunicorn.app.wsgiapp main:app": "main: app",
  "uvicorn app:create_app() --port 80": "app: create_app, called",
  "uvicorn --factory app:create_app": "app: create_app, called",
  "gunicorn app:site.app": "app: site",
  "uvicorn --app-dir src main:app": undefined,
  "flask run": undefined,
  "gunicorn --bind 0.0.0.0:80": undefined,
});

const node = (line: string): string => {
  const { main, preloads, conditions } = parseNodeCommand(words(line), undefined);
  return [
    main ?? "nothing",
    ...preloads.map(({ kind, specifier }) => `${kind} ${specifier}`),
    ...conditions.map((one) => `condition ${one}`),
  ].join(", ");
};
table("parseNodeCommand()", node, {
  "server.js --port 80": "server.js",
  "--enable-source-maps --max-old-space-size=512 -r ./a.js --import=tsx -C dev app": "app, require ./a.js, import tsx, condition dev",
  "--env-file .env main.js": "main.js",
  "-- main.js": "main.js",
  "-e code": "nothing",
  "--test x.js": "nothing",
  "inspect x.js": "nothing",
  "-": "nothing",
  "": "nothing",
});
it("parseNodeCommand() takes preloads, and no main module, of NODE_OPTIONS", () => {
  assert.deepEqual(parseNodeCommand(["a.js"], "--require ./x.js --no-warnings"), {
    main: "a.js",
    preloads: [{ specifier: "./x.js", kind: "require" }],
    conditions: [],
    environmentFiles: [],
  });
});

table("packageScript()", (line) => packageScript(words(line)), {
  "npm start": "start",
  "npm run serve": "serve",
  "npm --silent run-script x": "x",
  "npm ci": undefined,
  "/usr/bin/yarn serve": "serve",
  "pnpm run x": "x",
  "node start": undefined,
});

const python = (line: string): string => {
  const command = parsePythonCommand(words(line));
  return command.kind === "file" ? `file ${command.path}` : command.kind === "module" ? `module ${command.name}` : command.kind;
};
table("parsePythonCommand()", python, {
  "app.py -x": "file app.py",
  "-u -W ignore app.py": "file app.py",
  "-m gunicorn app:app": "module gunicorn",
  "-um app": "module app",
  "-Xdev -mapp": "module app",
  "-c pass": "code",
  "-Ic pass": "code",
  "-V app.py": "other",
  "-": "other",
  "": "other",
});

table("parseJavaCommand()", (line) => parseJavaCommand(words(line)), {
  "-Xmx1g -jar app.jar x": { jar: "app.jar" },
  "-cp a:b/* com.example.Main x": { mainClass: "com.example.Main", classPath: "a:b/*" },
  "--class-path=a Main": { mainClass: "Main", classPath: "a" },
  "-m app/com.Main x": { module: { name: "app", mainClass: "com.Main" } },
  "-p mods --module=app": { module: { name: "app" } },
  "@args": undefined,
  "-version": undefined,
  "--source 21 Main": { source: "Main" },
  "Main.java": { source: "Main.java" },
});

it("parseManifest() joins lines and stops at the end of the main section", () => {
  const text = "Manifest-Version: 1.0\r\nClass-Path: a.jar b\r\n .jar\r\n\r\nName: x\r\nMain-Class: no\r\n";
  assert.deepEqual(
    [...parseManifest(text)],
    [
      ["manifest-version", "1.0"],
      ["class-path", "a.jar b.jar"],
    ],
  );
});
