import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree, type TreeSpec } from "../../../../test/support/memory-tree.ts";
import { given } from "../../../given.ts";
import type { ContainerConfig } from "../../../oci/index.ts";
import { runAudit } from "../../run-audit.ts";

const PASSWD = "file 644 0:0 root:x:0:0::/root:/x\napp:x:1000:1000::/home/app:/x\n";
const BASE: TreeSpec = { "etc/passwd": PASSWD, tmp: "dir 1777 0:0", app: "dir 755 0:0" };

/** What "It can run as configured" says: "ID PATH: MESSAGE". */
async function told(config: ContainerConfig, spec: TreeSpec, user?: string): Promise<string[]> {
  const report = await runAudit(
    { name: "test", platform: { os: "linux", architecture: "amd64" }, config, tree: memoryTree(spec), layers: [], history: [] },
    { policy: given({ user }) },
  );
  return report.findings
    .filter(({ group }) => group === "run-as")
    .map(({ severity, id, path = "", message }) => `${severity} ${id} ${path}: ${message}`);
}

interface Row {
  readonly name: string;
  readonly config: ContainerConfig;
  readonly tree?: TreeSpec;
  readonly user?: string;
  readonly want: readonly string[];
}

const ROWS: readonly Row[] = [
  { name: "is content with a numeric user, a directory and /tmp", config: { User: "1000:1000", WorkingDir: "/app" }, want: [] },
  {
    name: "tells of root by default",
    config: { WorkingDir: "/app" },
    want: ["warning user-root : No USER is set, so the image runs as root"],
  },
  { name: "tells of root by number", config: { User: "0" }, want: ["warning user-root : USER 0 is root"] },
  {
    name: "tells of a user by name, which Kubernetes cannot check",
    config: { User: "app" },
    want: ["note user-by-name : USER app is a name; Kubernetes refuses it with runAsNonRoot, because it cannot find out the number"],
  },
  {
    name: "tells of a user that is nobody",
    config: { User: "ghost" },
    want: [
      'error user-unknown /etc/passwd: Cannot run as user "ghost": "ghost" is not in /etc/passwd of the image; wanted a known name or a number',
    ],
  },
  {
    name: "tells of a user that the policy does not want",
    config: { User: "1000" },
    user: "65532",
    want: ['error user-not-allowed : The user is "1000"; the policy requires "65532"'],
  },
  { name: "takes the policy's user by its number", config: { User: "1000:5" }, user: "1000", want: [] },
  {
    name: "tells of a working directory that its user cannot enter, with the directory that stops it",
    config: { User: "1000:1000", WorkingDir: "/srv/app" },
    tree: { srv: "dir 700 0:0", "srv/app": "dir 777 0:0" },
    want: [
      'error workdir-unreachable /srv: User 1000 cannot start in the working directory "/srv/app": it may not enter "/srv"',
      'note random-uid : A user id that the platform chooses (OpenShift, group 0) cannot use the image: it cannot enter the working directory "/srv/app"',
    ],
  },
  {
    name: "follows links to the working directory",
    config: { User: "1000:1000", WorkingDir: "/now" },
    tree: { now: "link releases/2", releases: "dir 755 0:0", "releases/2": "dir 750 0:0" },
    want: ['error workdir-unreachable /releases/2: User 1000 cannot start in the working directory "/now": it may not enter the directory'],
  },
  {
    name: "lets a group of the user enter",
    config: { User: "app", WorkingDir: "/shared" },
    tree: { "etc/group": "file 644 0:0 team:x:50:app\n", shared: "dir 770 0:50" },
    want: [
      "note user-by-name : USER app is a name; Kubernetes refuses it with runAsNonRoot, because it cannot find out the number",
      'note random-uid : A user id that the platform chooses (OpenShift, group 0) cannot use the image: it cannot enter the working directory "/shared"',
    ],
  },
  {
    name: "tells of a working directory that is a file",
    config: { User: "1000:1000", WorkingDir: "/etc/passwd" },
    want: ['error workdir-unreachable /etc/passwd: User 1000 cannot start in the working directory "/etc/passwd": it is no directory'],
  },
  {
    name: "tells of a working directory that the runtime must make",
    config: { User: "1000:1000", WorkingDir: "/new" },
    want: [
      'warning workdir-missing /new: The working directory "/new" is not in the image; the runtime makes it, owned by root, which a read-only root forbids',
    ],
  },
  {
    name: "tells of volumes that the user cannot write to",
    config: { User: "1000:1000", Volumes: { "/app": {}, "/gone": {}, "/data": {} } },
    tree: { data: "dir 775 0:1000" },
    want: [
      'warning volume-not-writable /app: User 1000 cannot write to volume "/app": it belongs to 0:0 with mode 755',
      'warning volume-not-writable /gone: User 1000 cannot write to volume "/gone": it is not in the image, and a runtime makes it for root',
      'note random-uid : A user id that the platform chooses (OpenShift, group 0) cannot use the image: it cannot write to volume "/app"; it cannot write to volume "/gone"; it cannot write to volume "/data"',
    ],
  },
  {
    name: "tells of low ports, which not every runtime gives to everybody",
    config: { User: "1000:1000", ExposedPorts: { "80/tcp": {}, "8080/tcp": {} } },
    want: ["note port-privileged : Port 80/tcp is below 1024; Docker 20.10 and newer lets any user listen on it, other runtimes may not"],
  },
  {
    name: "tells of a health check that needs a shell that the image does not have",
    config: { User: "1000:1000", Healthcheck: { Test: ["CMD-SHELL", "curl -f localhost"] } },
    want: ['error healthcheck-shell /bin/sh: The health check "curl -f localhost" needs "/bin/sh", which is not in the image'],
  },
  {
    name: "finds the shell of a health check",
    config: { User: "1000:1000", Healthcheck: { Test: ["CMD-SHELL", "true"] } },
    tree: { bin: "link usr/bin", "usr/bin/sh": "link dash", "usr/bin/dash": "file 755 0:0 x" },
    want: [],
  },
  {
    name: "tells of a health check whose program is not in PATH",
    config: { User: "1000:1000", Env: ["PATH=/opt:/bin"], Healthcheck: { Test: ["CMD", "curl", "-f"] } },
    tree: { "usr/bin/curl": "file 755 0:0 x", "bin/curl": "file 644 0:0 x" },
    want: ['error healthcheck-program : The health check starts "curl", which is not in the image or cannot be started'],
  },
  { name: "has nothing against no health check", config: { User: "1000:1000", Healthcheck: { Test: ["NONE"] } }, want: [] },
];

for (const { name, config, tree = {}, user, want } of ROWS)
  test(`RUN_AS_CHECKS ${name}`, async () => assert.deepEqual(await told(config, { ...BASE, ...tree }, user), want));

test("RUN_AS_CHECKS tell of a missing /tmp", async () => {
  const { tmp: _tmp, ...rest } = BASE;
  assert.deepEqual(await told({ User: "1000:1000" }, rest), ["note tmp-not-usable /tmp: The image has no /tmp"]);
});

test("RUN_AS_CHECKS survive links that go round in circles", async () => {
  const got = await told({ User: "1000:1000", WorkingDir: "/a/x" }, { ...BASE, a: "link b", b: "link a" });
  assert.deepEqual(got, [
    'warning workdir-missing /a/x: The working directory "/a/x" is not in the image; the runtime makes it, owned by root, which a read-only root forbids',
  ]);
});
