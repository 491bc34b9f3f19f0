/** SBOM and provenance through the bundled command, in the hands of those who read them: the official schema, skopeo, a real registry. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import * as v from "valibot";
import { build, type BuildOptions } from "../../src/index.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { gitServer, testRepository } from "../support/git-server.ts";
import { assertCycloneDx, assertSpdx } from "../support/validate-sbom.ts";
import { DECANT } from "../support/command.ts";

const FILES: Readonly<Record<string, string>> = {
  Dockerfile: `FROM scratch AS deps
ARG BUILDKIT_SBOM_SCAN_STAGE=true
COPY deps /
FROM scratch
COPY rootfs /
COPY --from=deps /app /app
`,
  "rootfs/etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
  "rootfs/var/lib/dpkg/status.d/libc6":
    "Package: libc6\nVersion: 2.41-12\nArchitecture: amd64\nSource: glibc\nMaintainer: X <x@example.org>\n",
  "rootfs/var/lib/dpkg/status.d/libc6.md5sums": `${"0".repeat(32)}  usr/lib/libc.so.6\n`,
  "rootfs/usr/lib/libc.so.6": "elf",
  "rootfs/usr/share/doc/libc6/copyright": "see /usr/share/common-licenses/LGPL-2.1",
  "deps/app/node_modules/left-pad/package.json": '{"name":"left-pad","version":"1.3.0","license":"WTFPL"}',
  "deps/app/node_modules/broken/package.json": "{",
};

const descriptor = v.object({
  mediaType: v.string(),
  digest: v.string(),
  platform: v.optional(v.object({ os: v.string(), architecture: v.string() })),
  annotations: v.optional(v.record(v.string(), v.string())),
});
const indexSchema = v.object({ manifests: v.array(descriptor) });
const manifestSchema = v.object({ config: descriptor, layers: v.array(descriptor) });
const statementSchema = v.object({
  _type: v.literal("https://in-toto.io/Statement/v1"),
  predicateType: v.string(),
  subject: v.array(v.object({ name: v.string(), digest: v.object({ sha256: v.string() }) })),
  predicate: v.unknown(),
});

/** A folder with a context and a store of its own. */
interface Place extends AsyncDisposable {
  readonly folder: string;
  /** Runs the command; it must succeed unless `fails`. */
  decant(
    args: readonly string[],
    options?: { readonly fails?: boolean; readonly env?: Record<string, string> },
  ): { readonly out: string; readonly err: string };
  json<Schema extends v.GenericSchema>(file: string, schema: Schema): Promise<v.InferOutput<Schema>>;
}

async function place(): Promise<Place> {
  const dir = await mkdtempDisposable(join(tmpdir(), "decant-sbom-"));
  for (const [name, text] of Object.entries(FILES)) {
    const path = join(dir.path, "context", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return {
    folder: dir.path,
    decant(args, { fails = false, env = {} } = {}) {
      const done = spawnSync(DECANT, args, {
        cwd: dir.path,
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(dir.path, "store"), SOURCE_DATE_EPOCH: "1767225600", ...env },
      });
      assert.equal(done.status, fails ? 1 : 0, done.stderr);
      return { out: done.stdout, err: done.stderr };
    },
    json: async (file, schema) => v.parse(schema, JSON.parse(await readFile(join(dir.path, file), "utf8"))),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

const blob = (layout: string, digest: string): string => join(layout, "blobs", digest.replace(":", "/"));

/** The statements of a layout, by predicate type and name; the index is checked on the way. */
async function statementsOf(
  at: Place,
  layout: string,
): Promise<{ readonly image: string; readonly statements: readonly v.InferOutput<typeof statementSchema>[] }> {
  const { manifests: top } = await at.json(join(layout, "index.json"), indexSchema);
  assert.equal(top.length, 1);
  const { manifests } = await at.json(blob(layout, top[0]?.digest ?? ""), indexSchema);
  const [image, attestation, ...more] = manifests;
  assert.ok(image !== undefined && attestation !== undefined);
  assert.deepEqual([more, image.platform?.os, attestation.platform], [[], "linux", { os: "unknown", architecture: "unknown" }]);
  assert.deepEqual(attestation.annotations, {
    "vnd.docker.reference.digest": image.digest,
    "vnd.docker.reference.type": "attestation-manifest",
  });
  const { layers } = await at.json(blob(layout, attestation.digest), manifestSchema);
  const statements = [];
  for (const { digest, mediaType, annotations } of layers) {
    const statement = await at.json(blob(layout, digest), statementSchema);
    assert.equal(mediaType, "application/vnd.in-toto+json");
    assert.deepEqual(annotations, { "in-toto.io/predicate-type": statement.predicateType });
    for (const { digest: sums } of statement.subject) assert.equal(`sha256:${sums.sha256}`, image.digest);
    statements.push(statement);
  }
  return { image: image.digest, statements };
}

describe("decant sbom", () => {
  it("writes valid documents of an image of the store, the same each time, and says what it could not read", async () => {
    await using at = await place();
    at.decant(["build", "-t", "app:1", "context"]);
    const { err } = at.decant(["sbom", "app:1", "-o", "a.json"]);
    assert.match(err, /^WARNING: \/app\/node_modules\/broken\/package\.json is not in the SBOM: it is no package\.json/);
    const { out } = at.decant(["sbom", "app:1"]);
    assert.equal(out, await readFile(join(at.folder, "a.json"), "utf8"));
    const document = assertSpdx(JSON.parse(out));
    assert.equal(document.creationInfo.created, "2026-01-01T00:00:00Z");
    assert.deepEqual(
      document.packages.map(({ name, versionInfo, licenseDeclared }) => `${name} ${versionInfo?.replace(/:.*/, "")} ${licenseDeclared}`),
      [
        "app:1 sha256 NOASSERTION",
        "debian 13 NOASSERTION",
        "libc6 2.41-12 LicenseRef-copyright-2897ea24",
        "left-pad 1.3.0 WTFPL",
        "glibc 2.41-12 NOASSERTION",
      ],
    );
    assert.deepEqual(
      document.files?.map(({ fileName }) => fileName),
      ["./usr/lib/libc.so.6", "./app/node_modules/left-pad/package.json"],
    );
    assertCycloneDx(JSON.parse(at.decant(["sbom", "--format", "cyclonedx", "app:1"]).out));
  });

  it("reads OCI layouts and folders", async () => {
    await using at = await place();
    at.decant(["build", "-o", "type=oci,dest=out,tar=false", "context"]);
    at.decant(["build", "-o", "rootfs", "context"]);
    for (const name of ["oci:out", "./rootfs", "dir:rootfs"]) {
      const document = assertSpdx(JSON.parse(at.decant(["sbom", "--files=false", name]).out));
      assert.deepEqual([document.packages.length, document.files], [5, undefined], name);
    }
    assert.match(at.decant(["sbom", "./nothing"], { fails: true }).err, /^ERROR: Cannot open ".\/nothing": there is no such directory/);
  });
});

describe("decant build --sbom --provenance", () => {
  it("attaches what BuildKit would attach, and leaves the image as it is", async () => {
    await using at = await place();
    at.decant(["build", "-t", "app:1", "-o", "type=oci,dest=plain,tar=false", "context"]);
    const { err } = at.decant(["build", "-t", "app:1", "--sbom", "--provenance", "-o", "type=oci,dest=out,tar=false", "context"]);
    assert.match(err, /generating sbom\.spdx\.json/);
    assert.match(err, /SbomIncomplete.*: Not in the SBOM: \/app\/node_modules\/broken\/package\.json: it is no package\.json/);
    const { image, statements } = await statementsOf(at, "out");
    const [plain] = (await at.json("plain/index.json", indexSchema)).manifests;
    assert.equal(image, plain?.digest);
    assert.deepEqual(
      statements.map(({ predicateType, subject }) => [predicateType, subject.map(({ name }) => name).join()]),
      ["https://spdx.dev/Document", "https://spdx.dev/Document", "https://slsa.dev/provenance/v1"].map((type) => [
        type,
        "pkg:docker/app@1?platform=linux%2Famd64",
      ]),
    );
    const names = statements.slice(0, 2).map(({ predicate }) => assertSpdx(predicate).packages.map(({ name }) => name));
    assert.deepEqual(names, [
      ["sbom", "debian", "libc6", "left-pad", "glibc"],
      ["sbom-deps", "left-pad"],
    ]);
    const pulled = JSON.parse(execFileSync("skopeo", ["inspect", `oci:${at.folder}/out`], { encoding: "utf8" }));
    assert.equal(pulled.Architecture, "amd64");
  });

  it("keeps build arguments to mode=max, and secrets to nobody", async () => {
    await using at = await place();
    const secret = { env: { TOKEN: "hunter2" } };
    await writeFile(join(at.folder, "context/Dockerfile"), "FROM scratch\nARG VERSION\nCOPY rootfs /\n");
    const common = ["--secret", "id=TOKEN", "--build-arg", "VERSION=one-two-three", "--label", "l=four"];
    const predicates: string[] = [];
    for (const mode of ["min", "max"]) {
      at.decant(
        [
          "build",
          ...common,
          `--provenance=mode=${mode},builder-id=https://ci.example/7`,
          "-o",
          `type=oci,dest=${mode},tar=false`,
          "context",
        ],
        secret,
      );
      const { statements } = await statementsOf(at, mode);
      predicates.push(JSON.stringify(statements[0]?.predicate));
    }
    const [min = "", max = ""] = predicates;
    assert.doesNotMatch(min, /one-two-three|four|llbDefinition/);
    assert.match(min, /"buildkit_completeness":\{"request":false,"resolvedDependencies":false\}/);
    assert.match(max, /"args":\{"build-arg:VERSION":"one-two-three","label:l":"four"\}/);
    assert.match(max, /"llbDefinition":\[\{"id":"step0"/);
    assert.match(max, /"filename":"Dockerfile","language":"Dockerfile"/);
    // F4: the layers of each step, as this output has them.
    const { manifests } = await at
      .json(blob("max", (await statementsOf(at, "max")).image), v.object({ layers: v.array(v.unknown()) }))
      .then(({ layers }) => ({ manifests: layers }));
    assert.ok(max.includes(`"layers":{"step1:0":[${JSON.stringify(manifests)}]}`), max);
    assert.doesNotMatch(min, /"layers"/);
    for (const text of predicates) {
      assert.doesNotMatch(text, /hunter2/);
      assert.match(text, /"builder":\{"id":"https:\/\/ci\.example\/7"\}/);
    }
    at.decant(["build", "--provenance", "version=v0.2", "-o", "type=oci,dest=old,tar=false", "context"]);
    const { statements } = await statementsOf(at, "old");
    assert.equal(statements[0]?.predicateType, "https://slsa.dev/provenance/v0.2");
    assert.match(JSON.stringify(statements[0]?.predicate), /"buildType":"https:\/\/mobyproject\.org\/buildkit@v1"/);
  });

  it("calls materials complete only when all that went in is among them", async () => {
    await using at = await place();
    const commit = testRepository(join(at.folder, "app")).commit({ Dockerfile: "FROM scratch\nCOPY x /\n", x: "x" });
    await using server = await gitServer(at.folder);
    // In this process: the server is in it too.
    const provenance = async (dest: string, options: Partial<BuildOptions>): Promise<string> => {
      const outputs = [{ type: "oci", dest: join(at.folder, dest), tar: false, names: [] }] as const;
      const root = join(at.folder, "store");
      await using run = build({
        context: "context",
        cwd: at.folder,
        root,
        env: { PATH: process.env["PATH"] },
        outputs,
        provenance: {},
        ...options,
      });
      await run.result;
      return JSON.stringify((await statementsOf(at, dest)).statements[0]?.predicate);
    };
    const url = `${server.url}/app.git`;
    const remote = await provenance("remote", { context: `${url}#main` });
    assert.ok(remote.includes(`"configSource":{"uri":"${url}#main","digest":{"sha1":"${commit}"},"path":"Dockerfile"}`), remote);
    assert.match(remote, /"buildkit_hermetic":true,"buildkit_completeness":\{"request":true,"resolvedDependencies":true\}/);
    const folder = { mine: "context/rootfs" };
    await writeFile(join(at.folder, "Other"), "FROM scratch\nCOPY --from=mine etc /\n");
    const local = await provenance("local", { file: "Other", buildContexts: folder });
    assert.match(local, /"args":\{"context:mine":"local:mine"\}/);
    assert.match(local, /"locals":\[\{"name":"context"\},\{"name":"dockerfile"\},\{"name":"mine"\}\]/);
    assert.match(local, /"buildkit_completeness":\{"request":true,"resolvedDependencies":false\}/);
  });

  it("says the same of the image when the store's is packed for a push, and of one that was pulled back", async () => {
    await using at = await place();
    await using registry = await startDockerRegistry(at.folder);
    const name = `${registry.host}/app`;
    at.decant(["build", "-t", `${name}:direct`, "--sbom", "--push", "context"]);
    at.decant(["build", "-t", "app", "--sbom", "context"]);
    assert.match(at.decant(["inspect", "app"]).out, /Attestations +https:\/\/spdx\.dev\/Document https:\/\/spdx\.dev\/Document/);
    at.decant(["push", "app", `${name}:later`]);
    const raw = (tag: string): v.InferOutput<typeof indexSchema> =>
      v.parse(
        indexSchema,
        JSON.parse(execFileSync("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${name}:${tag}`], { encoding: "utf8" })),
      );
    // The store has the layers uncompressed: its manifest, and so its statements, are others than those of the push.
    assert.equal(raw("later").manifests[0]?.digest, raw("direct").manifests[0]?.digest);
    assert.equal(raw("later").manifests[1]?.annotations?.["vnd.docker.reference.digest"], raw("later").manifests[0]?.digest);
    execFileSync("skopeo", ["copy", "--all", "--src-tls-verify=false", `docker://${name}:later`, `oci:${at.folder}/copy`], {
      encoding: "utf8",
    });
    const { statements } = await statementsOf(at, "copy");
    assert.equal(statements.length, 2);
    at.decant(["pull", `${name}:later`]);
    assert.match(at.decant(["inspect", `${name}:later`]).out, new RegExp(`Digest +${raw("later").manifests[0]?.digest}`));
  });

  it("pushes attestations as artifacts that the registry lists, also from the store", async () => {
    await using at = await place();
    await using registry = await startDockerRegistry(at.folder);
    const name = `${registry.host}/app`;
    at.decant(["build", "--sbom", "-o", `type=registry,name=${name}:direct,oci-artifact=true`, "context"]);
    at.decant(["build", "--sbom", "-o", "type=image,name=app,oci-artifact=true", "context"]);
    at.decant(["push", "app", `${name}:later`]);
    for (const tag of ["direct", "later"]) {
      execFileSync("skopeo", ["copy", "--all", "--src-tls-verify=false", `docker://${name}:${tag}`, `oci:${at.folder}/${tag}`], {
        encoding: "utf8",
      });
      const { image, statements } = await statementsOf(at, tag);
      assert.equal(statements.length, 2);
      const [, attestation] = (
        await at.json(blob(tag, (await at.json(`${tag}/index.json`, indexSchema)).manifests[0]?.digest ?? ""), indexSchema)
      ).manifests;
      const artifact = await at.json(blob(tag, attestation?.digest ?? ""), v.object({ artifactType: v.string(), subject: descriptor }));
      assert.deepEqual([artifact.artifactType, artifact.subject.digest], ["application/vnd.docker.attestation.manifest.v1+json", image]);
    }
  });

  it("writes statements beside the files of a folder, and nothing over them", async () => {
    await using at = await place();
    at.decant(["build", "--sbom=files=false", "--provenance", "-o", "files", "context"]);
    const statement = await at.json("files/sbom.spdx.json", statementSchema);
    assert.ok(statement.subject.some(({ name }) => name === "usr/lib/libc.so.6"));
    assert.equal((await at.json("files/provenance.json", statementSchema)).predicateType, "https://slsa.dev/provenance/v1");
    await writeFile(join(at.folder, "context/rootfs/provenance.json"), "mine");
    assert.match(
      at.decant(["build", "--provenance", "-o", "again", "context"], { fails: true }).err,
      /^ERROR: Cannot write "provenance\.json"/m,
    );
  });

  it("refuses outputs that have no place for attestations", async () => {
    await using at = await place();
    for (const output of ["type=docker,dest=a.tar,oci-mediatypes=false", "type=image,name=a,oci-mediatypes=false"]) {
      assert.match(
        at.decant(["build", "--sbom", "-o", output, "context"], { fails: true }).err,
        /ERROR: Cannot attach attestations/,
        output,
      );
    }
  });
});
