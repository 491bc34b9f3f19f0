import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startFakeRegistry } from "../../test/support/registry.ts";
import { failsWith, fakeClient } from "../../test/support/registry-client.ts";
import type { EventInput } from "../events.ts";
import type { DecantError } from "../errors.ts";
import type { HostsFile } from "../net/index.ts";
import { parseHostsFile } from "../net/hosts-toml.ts";
import { parseReference } from "../oci/index.ts";
import { pullEndpoints, pushEndpoint } from "./endpoints.ts";
import { parseRegistriesConfig, type RegistriesConfig } from "./registries-conf.ts";
import { EMPTY_REGISTRIES } from "./testdata/support.ts";

async function config(files: Readonly<Record<string, string>>, conf = ""): Promise<RegistriesConfig> {
  const hosts = new Map<string, HostsFile | DecantError>();
  for (const [host, text] of Object.entries(files)) hosts.set(host, await parseHostsFile(text, `/certs.d/${host}/hosts.toml`, host));
  return { ...EMPTY_REGISTRIES, ...(await parseRegistriesConfig(conf, "registries.conf")), hosts };
}

const DOCKER = `server = "https://registry-1.docker.io"
[host."https://mirror.example"]
[host."https://blobs.example"]
  capabilities = ["pull"]
[host."https://push.example"]
  capabilities = ["push"]
[host."http://harbor.example:8080/v2/hub"]
  override_path = true
`;

describe("F.3: hosts.toml", () => {
  const rows: readonly { readonly name: string; readonly image: string; readonly conf?: string; readonly want: readonly string[] }[] = [
    {
      name: "gives mirrors that resolve, then the registry, for a tag",
      image: "app:1",
      want: ["mirror.example/library/app", "harbor.example:8080/hub/library/app insecure", "registry-1.docker.io/library/app"],
    },
    {
      name: "gives all that pull for a digest",
      image: `app@sha256:${"0".repeat(64)}`,
      want: [
        "mirror.example/library/app",
        "blobs.example/library/app",
        "harbor.example:8080/hub/library/app insecure",
        "registry-1.docker.io/library/app",
      ],
    },
    {
      name: "leaves a name to registries.conf that has it",
      image: "app:1",
      conf: '[[registry]]\nlocation = "docker.io"',
      want: ["registry-1.docker.io/library/app"],
    },
    { name: "takes _default for all others", image: "ghcr.io/a/b:1", want: ["cache.example/a/b", "ghcr.io/a/b"] },
    { name: "knows an insecure registry", image: "own.example:5000/a:1", want: ["own.example:5000/a insecure"] },
  ];
  for (const { name, image, conf, want } of rows) {
    it(name, async () => {
      const files = { "docker.io": DOCKER, _default: '[host."https://cache.example"]', "own.example:5000": "skip_verify = true" };
      const found = pullEndpoints(parseReference(image), await config(files, conf));
      assert.deepEqual(
        found.map(({ host, repository, insecure }) => `${host}/${repository}${insecure ? " insecure" : ""}`),
        want,
      );
    });
  }

  it("is for reading: a push goes to the registry, insecure where it says so", async () => {
    const all = await config({ "docker.io": DOCKER, "own.example:5000": 'server = "http://own.example:5000"' });
    assert.equal(pushEndpoint(parseReference("app:1"), all).host, "registry-1.docker.io");
    assert.equal(pushEndpoint(parseReference("own.example:5000/a:1"), all).insecure, true);
  });

  it("that cannot be used is an error for its host, with file and line, and for no other", async () => {
    const all = await config({ "docker.io": "a = 1\nserver = 5" });
    assert.throws(() => pullEndpoints(parseReference("app:1"), all), /"\/certs\.d\/docker\.io\/hosts\.toml:2": "server" is not right/);
    assert.equal(pullEndpoints(parseReference("ghcr.io/a:1"), all).length, 1);
  });

  it("leads to its mirrors, which hear whom they stand for; those with headers are left out with a warning", async () => {
    await using origin = await startFakeRegistry();
    await using mirror = await startFakeRegistry();
    const { digest } = mirror.addImage("hub/team/app", "v1", { layers: [] });
    const text = `server = "${origin.origin}"
[host."http://headers.example"]
[host."http://headers.example".header]
  a = "b"
[host."${mirror.origin}/v2/hub"]
  override_path = true
`;
    const events: EventInput[] = [];
    using client = fakeClient({ config: await config({ [origin.host]: text }), emit: (event) => void events.push(event) });
    assert.equal((await client.resolve(parseReference(`${origin.host}/team/app:v1`))).descriptor.digest, digest);
    assert.deepEqual(mirror.log(), [`HEAD /v2/hub/team/app/manifests/v1?ns=${encodeURIComponent(origin.host)} 200`]);
    assert.deepEqual(origin.log(), []);
    const warned = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    assert.equal(warned.length, 1);
    assert.match(warned[0] ?? "", /^Mirror "headers\.example" was left out: .*hosts\.toml:2" has headers for it/);
  });

  it("with a path that is no prefix of repositories is refused where nothing else is left", async () => {
    using client = fakeClient({ config: await config({ "own.example": 'server = "https://own.example/sub"' }) });
    await assert.rejects(
      client.resolve(parseReference("own.example/a:1")),
      failsWith("CONFIG_FILE", /hosts\.toml:1" gives it the path "\/sub"/),
    );
  });
});
