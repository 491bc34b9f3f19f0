/** A git repository of a test, and an HTTP server for it: git's own backend ("smart"), or plain files ("dumb"). */
import { execFileSync, spawn } from "node:child_process";
import { createReadStream, mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname, join } from "node:path";

/** A repository with a work tree. */
export interface TestRepository {
  /** Its work tree. */
  readonly path: string;
  git(...args: readonly string[]): string;
  /** Writes files, commits all, and gives the commit. */
  commit(files: Readonly<Record<string, string>>, timeSec?: number): string;
}

/** Makes a repository in the folder `path`. */
export function testRepository(path: string): TestRepository {
  mkdirSync(path, { recursive: true });
  const git = (...args: readonly string[]): string =>
    execFileSync("git", [...args], {
      cwd: path,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_AUTHOR_NAME: "t",
        GIT_AUTHOR_EMAIL: "t@example",
        GIT_COMMITTER_NAME: "t",
        GIT_COMMITTER_EMAIL: "t@example",
        GIT_COMMITTER_DATE: `${time} +0000`,
        GIT_AUTHOR_DATE: `${time} +0000`,
        GIT_ALLOW_PROTOCOL: "file:http",
      },
    }).trim();
  let time = 1_700_000_000;
  git("init", "-q", "-b", "main");
  return {
    path,
    git,
    commit(files, timeSec = 1_700_000_000) {
      time = timeSec;
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
      }
      git("add", "-A");
      git("commit", "-q", "--allow-empty", "-m", "change");
      return git("rev-parse", "HEAD");
    },
  };
}

/** A server; `/NAME.git` is the folder NAME of `root`. */
export interface GitServer extends AsyncDisposable {
  /** "http://127.0.0.1:1234" */
  readonly url: string;
  /** Requests so far. */
  readonly requests: string[];
  /** The Authorization of each of them. */
  readonly authorizations: (string | undefined)[];
}

/** How a server behaves. */
export interface GitServerOptions {
  readonly dumb?: boolean;
  /** "user:password", wanted of everybody. */
  readonly password?: string;
  /** Where a path, with its query, redirects to; undefined: nowhere. Asked after the password. */
  readonly moved?: (path: string) => string | undefined;
}

/** Starts a server for the repositories in `root`: "/a/b.git" is that in the folder a/b. */
export async function gitServer(root: string, options: GitServerOptions = {}): Promise<GitServer> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    requests.push(`${request.method ?? ""} ${url.pathname}`);
    authorizations.push(request.headers.authorization);
    // The name of the scheme may be in any case.
    const given = request.headers.authorization?.replace(/^basic /i, "Basic ");
    if (options.password !== undefined && given !== `Basic ${Buffer.from(options.password).toString("base64")}`) {
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
      return;
    }
    const location = options.moved?.(url.pathname + url.search);
    if (location !== undefined) {
      response.writeHead(301, { location }).end();
      return;
    }
    const path = url.pathname.replace(/^((?:\/[^/]+)*?\/[^/]+)\.git(?=\/|$)/, "$1/.git");
    if (options.dumb === true) sendFile(join(root, path), response);
    else runBackend(root, path, url.search.slice(1), request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    authorizations,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendFile(path: string, response: ServerResponse): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    response.writeHead(404).end();
    return;
  }
  createReadStream(path).pipe(response);
}

function runBackend(root: string, path: string, query: string, request: IncomingMessage, response: ServerResponse): void {
  const header = (name: string): string => String(request.headers[name] ?? "");
  const child = spawn("git", ["-c", "safe.directory=*", "http-backend"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: path,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: header("content-type"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      GIT_PROTOCOL: header("git-protocol"),
    },
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => {});
  let head = Buffer.alloc(0);
  let started = false;
  child.stdout.on("data", (chunk: Buffer) => {
    if (started) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    started = true;
    for (const line of head.toString("latin1", 0, end).split("\r\n")) {
      const colon = line.indexOf(":");
      const value = line.slice(colon + 1).trim();
      if (line.startsWith("Status:")) response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(line.slice(0, colon), value);
    }
    response.write(head.subarray(end + 4));
  });
  child.on("close", () => response.end());
}
