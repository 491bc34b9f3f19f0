import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { DecantError } from "../errors.ts";
import { parseHostsFile, readHostsFiles } from "./hosts-toml.ts";

const FILE = "/etc/containerd/certs.d/docker.io/hosts.toml";

describe("F.3: parseHostsFile()", () => {
  it("reads mirrors in their order, and what counts for each", async () => {
    const text = `server = "https://registry-1.docker.io"
[host."https://z.example:5000"]
  capabilities = ["pull"]
  ca = "z.crt"
  client = [["z.cert", "z.key"]]
[host."http://a.example/v2/proxy/"]
  skip_verify = true
  override_path = true
  ca = ["/abs/1.crt", "2.crt"]
  client = "both.pem"
[host."b.example".header]
  x-token = "s3cret"
`;
    const file = await parseHostsFile(text, FILE, "docker.io");
    assert.ok(!(file instanceof DecantError));
    const folder = dirname(FILE);
    assert.equal(file.server?.url.href, "https://registry-1.docker.io/");
    assert.deepEqual(
      file.mirrors.map(({ url, place }) => [url.href, place]),
      [
        ["https://z.example:5000/", `${FILE}:2`],
        ["http://a.example/v2/proxy/", `${FILE}:6`],
        ["https://b.example/", `${FILE}:11`],
      ],
    );
    const [z, a, b] = file.mirrors;
    assert.deepEqual(
      [[...(z?.capabilities ?? [])], z?.insecure, z?.ca, z?.client],
      [["pull"], false, [`${folder}/z.crt`], [[`${folder}/z.cert`, `${folder}/z.key`]]],
    );
    assert.deepEqual(
      [a?.insecure, a?.overridePath, a?.ca, a?.client],
      [true, true, ["/abs/1.crt", `${folder}/2.crt`], [[`${folder}/both.pem`, `${folder}/both.pem`]]],
    );
    assert.equal(b?.hasHeaders, true);
  });

  for (const [host, text, want] of [
    ["docker.io", "", "https://registry-1.docker.io/"],
    ["r.example:5000", "skip_verify = true", "https://r.example:5000/"],
    ["_default", "", undefined],
  ] as const) {
    it(`knows the registry itself without "server": ${host}`, async () => {
      const file = await parseHostsFile(text, FILE, host);
      assert.ok(!(file instanceof DecantError));
      assert.equal(file.server?.url.href, want);
    });
  }

  for (const [name, text, message] of [
    ["no TOML", "server = ", /hosts\.toml:1": it is no TOML/],
    [
      "a wrong type",
      'server = "a.b"\n[host."https://c.d"]\nskip_verify = "yes"',
      /hosts\.toml:3": "host\..*skip_verify" is not right: wanted true or false/,
    ],
    ["another scheme", '[host."ftp://c.d"]', /hosts\.toml:1": "c\.d" is no http\(s\) address/],
    ["a password, which it does not show", '[host."https://me:s3cret@c.d"]', /^(?!.*s3cret).*"c\.d" is no http/],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const file = await parseHostsFile(text, FILE, "docker.io");
      assert.ok(file instanceof DecantError);
      assert.match(file.message, message);
    });
  }
});

it("F.3: readHostsFiles() takes containerd's files before docker's, and keeps a broken one to its host", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-hosts-"));
  for (const [path, text] of [
    ["containerd/certs.d/a.example/hosts.toml", 'server = "https://containerd.example"'],
    ["docker/certs.d/a.example/hosts.toml", 'server = "https://docker.example"'],
    ["docker/certs.d/b.example/hosts.toml", "["],
    ["docker/certs.d/c.example/ca.crt", "no hosts.toml"],
  ] as const) {
    await mkdir(dirname(join(dir.path, path)), { recursive: true });
    await writeFile(join(dir.path, path), text);
  }
  const files = await readHostsFiles({ systemDir: dir.path });
  assert.deepEqual([...files.keys()], ["a.example", "b.example"]);
  const a = files.get("a.example");
  assert.ok(a !== undefined && !(a instanceof DecantError));
  assert.equal(a.server?.url.host, "containerd.example");
  assert.ok(files.get("b.example") instanceof DecantError);
});
