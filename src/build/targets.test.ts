import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDockerfile } from "../dockerfile/index.ts";
import { DecantError } from "../errors.ts";
import { allTargets, namedTargets } from "./targets.ts";
import type { BuildOptions } from "./types.ts";

const FILE = "FROM scratch AS web\nFROM scratch\nFROM scratch AS api\n";

/** A line for each target: its names and destinations. */
function shown(options: Partial<BuildOptions>): string {
  const all = { context: ".", ...options };
  const targets = namedTargets(all) ?? allTargets(all, parseDockerfile(Buffer.from(FILE), { name: "Dockerfile" }));
  return targets
    .map(({ name = "-", options: { tags = [], outputs = [], target = "-" }, role }) => {
      const places = outputs.map((output) =>
        [output.type, "dest" in output ? (output.dest ?? "") : "", "names" in output ? output.names.join(",") : ""]
          .filter((part) => part !== "")
          .join(" "),
      );
      return [`${name}=${target}`, role, ...tags, ...places].join(" | ");
    })
    .join("\n");
}

function failure(options: Partial<BuildOptions>): string {
  try {
    return shown(options);
  } catch (error) {
    if (error instanceof DecantError) return `${error.code}: ${error.message}; ${error.hint ?? ""}`;
    throw error;
  }
}

const oci = { type: "oci", tar: true, names: [] } as const;
const push = (...names: string[]): BuildOptions["outputs"] => [{ type: "registry", names }];
const TWO = { targets: ["web", "api"] };

const ROWS: readonly { readonly name: string; readonly options: Partial<BuildOptions>; readonly want: string }[] = [
  { name: "one target keeps its names", options: { target: "web", tags: ["a:1", "b"] }, want: "web=web | result | a:1 | b" },
  { name: "no target is the last stage", options: { tags: ["a:1"] }, want: "-=- | result | a:1" },
  { name: "an empty target is the last stage", options: { target: "", tags: ["a:1"] }, want: "-= | result | a:1" },
  {
    name: "a name of its own",
    options: { ...TWO, tags: ["web=a:1", "api=b:1", "web=c"] },
    want: "web=web | result | a:1 | c\napi=api | result | b:1",
  },
  { name: "stages in any case", options: { targets: ["WEB", "web"], tags: ["Web=a:1"] }, want: "web=web | result | a:1" },
  {
    name: "the target in the name",
    options: { ...TWO, tags: ["r.example/{target}:1"] },
    want: "web=web | result | r.example/web:1\napi=api | result | r.example/api:1",
  },
  { name: "the target in the name of one", options: { target: "web", tags: ["{target}:{target}"] }, want: "web=web | result | web:web" },
  {
    name: "all stages that have names",
    options: { allTargets: true, tags: ["{target}"] },
    want: "web=web | result | web\napi=api | result | api",
  },
  {
    name: "folders have one for each",
    options: { ...TWO, outputs: [{ type: "local", dest: "out" }] },
    want: "web=web | result | local out/web\napi=api | result | local out/api",
  },
  {
    name: "a list of one target has its folder",
    options: { targets: ["web"], outputs: [{ type: "local", dest: "out" }] },
    want: "web=web | result | local out/web",
  },
  {
    name: "files need the target",
    options: { ...TWO, outputs: [{ ...oci, dest: "{target}.tar" }] },
    want: "web=web | result | oci web.tar\napi=api | result | oci api.tar",
  },
  {
    name: "layouts are folders",
    options: { ...TWO, outputs: [{ ...oci, tar: false, dest: "o" }] },
    want: "web=web | result | oci o/web\napi=api | result | oci o/api",
  },
  {
    name: "by digest, one repository is enough",
    options: { ...TWO, outputs: [{ type: "registry", names: ["r.example/a"], pushByDigest: true }] },
    want: "web=web | result | registry r.example/a\napi=api | result | registry r.example/a",
  },
  {
    name: "further stages make nothing",
    options: { target: "web", tags: ["a"], also: ["Test", "web", "test"] },
    want: "web=web | result | a\ntest=test | also | cacheonly",
  },
  {
    name: "a plain name is refused",
    options: { ...TWO, tags: ["r.example:5000/app:1"] },
    want: 'USAGE: Cannot name the images of 2 targets "r.example:5000/app:1": a name is for one image; Write --tag STAGE=r.example:5000/app:1 for one of them, or {target} in the name, as in --tag r.example:5000/app-{target}:1',
  },
  {
    name: "one name for two is refused",
    options: { ...TWO, tags: ["web=a", "api=a:latest"] },
    want: 'USAGE: Cannot name two images "docker.io/library/a:latest": targets "web" and "api" would both have it; ',
  },
  {
    name: "a stage that is not built is refused",
    options: { ...TWO, tags: ["test=a"] },
    want: 'USAGE: Cannot name an image "test=a": "test" is no target of this build; Its targets are: web, api',
  },
  {
    name: "a stage without a target is refused",
    options: { tags: ["web=a"] },
    want: 'USAGE: Cannot name an image "web=a": "web" is no target of this build; Add --target web',
  },
  {
    name: "a place without a target is refused",
    options: { tags: ["{target}"] },
    want: 'USAGE: Cannot fill "{target}": the build names no target; Name the stage with --target, or leave {target} out',
  },
  {
    name: "a push without a name is refused",
    options: { ...TWO, outputs: push("web=a") },
    want: 'USAGE: Cannot push the image of target "api": it has no name; Name it: --tag api=NAME, or --tag NAME-{target}',
  },
  {
    name: "one file for two is refused",
    options: { ...TWO, outputs: [{ ...oci, dest: "out/a.tar" }] },
    want: 'USAGE: Cannot write 2 targets to dest "out/a.tar": it is one file; Write {target} in its name, as in dest=out/a-{target}.tar',
  },
  {
    name: "standard output for two is refused",
    options: { ...TWO, outputs: [{ type: "tar", dest: "-" }] },
    want: 'USAGE: Cannot write 2 targets to dest "-": it is one file; Write {target} in its name, as in dest={target}.tar',
  },
  {
    name: "no targets are refused",
    options: { targets: [] },
    want: "USAGE: Cannot build targets: one has no name; Name stages, as in --target test,final",
  },
  {
    name: "one and several are refused",
    options: { ...TWO, target: "web" },
    want: "USAGE: Cannot build one target and several: wanted target, targets or allTargets; Leave all but one out",
  },
  {
    name: "several and all are refused",
    options: { ...TWO, allTargets: true },
    want: "USAGE: Cannot build named targets and all targets: wanted targets or allTargets; Leave one out",
  },
];

describe("targets", () => {
  for (const { name, options, want } of ROWS) it(`F6: ${name}`, () => assert.equal(failure(options), want));

  it("F6: all targets need a name for the last stage", () => {
    const parsed = parseDockerfile(Buffer.from("FROM scratch AS web\nFROM web\n"), { name: "Dockerfile" });
    assert.throws(() => allTargets({ context: ".", allTargets: true }, parsed), { code: "DOCKERFILE_SEMANTIC" });
  });
});
