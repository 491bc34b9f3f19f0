/** What a conversion does otherwise when an older frontend is followed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkParsed, parseDockerfile } from "../../dockerfile/index.ts";
import { isDecantError } from "../../errors.ts";
import { frontendOfTag, NEWEST } from "../../followed.ts";
import type { ImageConfig } from "../../oci/index.ts";
import { reachable } from "../vertex.ts";
import { type Conversion, toGraph } from "./convert.ts";

const AMD64 = { os: "linux", architecture: "amd64" } as const;
const BASE: ImageConfig = {
  ...AMD64,
  config: { OnBuild: ["LABEL from=trigger"] },
  rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}` as ImageConfig["rootfs"]["diff_ids"][number]] },
  history: [{ created_by: "base", created: "2020-01-01T00:00:00Z" }],
};

interface Row {
  readonly name: string;
  readonly text: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** What is looked at. */
  readonly see: (conversion: Conversion) => unknown;
  /** The last frontend that does `before`. */
  readonly until: string;
  readonly now: unknown;
  readonly before: unknown;
}

async function seen({ text, buildArgs = {}, see }: Row, tag: string | undefined): Promise<unknown> {
  const parsed = parseDockerfile(text, { name: "Dockerfile" });
  checkParsed(parsed);
  try {
    const conversion = await toGraph(parsed, {
      followed: { ...NEWEST, ...frontendOfTag(tag) },
      buildArgs,
      platform: AMD64,
      buildPlatform: AMD64,
      resolveImage: ({ name }) => Promise.resolve({ identifier: `docker-image://${name}`, config: BASE, platform: AMD64 }),
    });
    return see(conversion);
  } catch (error) {
    if (isDecantError(error)) return `${error.code} ${error.source[0]?.start.line ?? "-"}`;
    throw error;
  }
}

const lastLine = ({ history }: Conversion): unknown => history.at(-1)?.createdBy;
const owner = ({ target }: Conversion): unknown => {
  const op = target?.op;
  const [action] = op?.kind === "file" ? op.actions : [];
  return action !== undefined && "owner" in action ? action.owner : undefined;
};
const scripts = ({ target }: Conversion): unknown =>
  target === undefined
    ? []
    : reachable(target)
        .flatMap(({ op }) => (op.kind === "file" ? op.actions : []))
        .map((action) => "data" in action && action.data);

describe("toGraph() follows the frontend that is asked for", () => {
  const rows: readonly Row[] = [
    {
      name: "L4: HEALTHCHECK in history",
      text: 'FROM scratch\nHEALTHCHECK --interval=3s CMD ["true"]',
      see: lastLine,
      until: "1.23",
      now: "HEALTHCHECK {Test:[CMD true] Interval:3s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}",
      before: 'HEALTHCHECK &{["CMD" "true"] "3s" "0s" "0s" "0s" \'\\x00\'}',
    },
    {
      name: "L4: EXPOSE in history",
      text: "FROM scratch\nEXPOSE 443 80/udp",
      see: lastLine,
      until: "1.28.0",
      now: "EXPOSE 443/tcp 80/udp",
      before: "EXPOSE [443/tcp 80/udp]",
    },
    {
      name: "L5: a heredoc whose first line is a #! behind tabs",
      text: "FROM b\nRUN <<-EOF\n\t#!/bin/sh\n\techo hi\nEOF",
      see: scripts,
      until: "1.20-labs",
      now: ["#!/bin/sh\necho hi\n"],
      before: [],
    },
    {
      name: "L9: --chown=user: means the group of the user",
      text: "FROM b\nCOPY --chown=app: x /",
      see: owner,
      until: "1.27",
      now: { user: "app" },
      before: { user: "app", group: 0 },
    },
    {
      name: "L9: --chown=5: means the group 5",
      text: "FROM b\nCOPY --chown=5: x /",
      see: owner,
      until: "1.27.1",
      now: { user: 5 },
      before: { user: 5, group: 0 },
    },
    {
      name: "L9: a name with --link, in a stage that nothing needs",
      text: "FROM b AS a\nCOPY --link --chown=5:app x /\nFROM scratch\nLABEL a=b",
      see: lastLine,
      until: "1.27",
      now: "DOCKERFILE_SEMANTIC 2",
      before: "LABEL a=b",
    },
    {
      name: "L9: --chown=2147483648:3",
      text: "FROM b\nCOPY --chown=2147483648:3 x /",
      see: owner,
      until: "1.28",
      now: "DOCKERFILE_SEMANTIC 2",
      before: { user: "2147483648", group: 3 },
    },
    {
      name: "L9: BUILDKIT_DISABLE_ONBUILD",
      text: "FROM b",
      buildArgs: { BUILDKIT_DISABLE_ONBUILD: "1" },
      see: ({ config }) => [config.Labels, config.OnBuild],
      until: "1.28",
      now: [undefined, undefined],
      before: [{ from: "trigger" }, undefined],
    },
  ];
  for (const row of rows) {
    it(row.name, async () => assert.deepEqual(await seen(row, undefined), row.now));
    it(`${row.name}, as until ${row.until}`, async () => assert.deepEqual(await seen(row, row.until), row.before));
  }

  it("L9: BUILDKIT_DISABLE_ONBUILD holds for stages of the same file, too", async () => {
    const text = "FROM scratch AS a\nONBUILD LABEL a=b\nFROM a";
    const labels = (flag: string): Promise<unknown> =>
      seen(
        { name: "", text, buildArgs: { BUILDKIT_DISABLE_ONBUILD: flag }, see: ({ config }) => config.Labels, until: "", now: 0, before: 0 },
        undefined,
      );
    assert.deepEqual([await labels("true"), await labels("0")], [undefined, { a: "b" }]);
  });
});

describe("toGraph() reads numbers of users as Go does", () => {
  const rows: readonly (readonly [chown: string, want: unknown])[] = [
    ["+5:007", { user: 5, group: 7 }],
    ["-0:+0", { user: 0, group: 0 }],
    ["root:root", { user: 0, group: 0 }],
    ["2147483647", { user: 2147483647 }],
    ["2147483648", "DOCKERFILE_SEMANTIC 2"],
    ["4294967296", "DOCKERFILE_SEMANTIC 2"],
    ["0:4294967295", "DOCKERFILE_SEMANTIC 2"],
    ["-1", "DOCKERFILE_SEMANTIC 2"],
    ["5x:6", { user: "5x", group: 6 }],
  ];
  for (const [chown, want] of rows) {
    const row = { name: chown, text: `FROM b\nCOPY --chown=${chown} x /`, see: owner, until: "", now: want, before: want };
    it(`L8, L9: --chown=${chown}`, async () => assert.deepEqual(await seen(row, undefined), want));
  }
  it("L8: USER +5 makes WORKDIR's directory 5's", async () => {
    const text = "FROM scratch\nUSER +5\nWORKDIR /w";
    assert.deepEqual(await seen({ name: "", text, see: owner, until: "", now: 0, before: 0 }, undefined), { user: 5 });
  });
});
