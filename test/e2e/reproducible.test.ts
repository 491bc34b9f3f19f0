/** H6: builds twice, and names what differs, why, and what helps. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError, type BuildOptions } from "../../src/index.ts";
import { addBusybox, BUSYBOX, failure, workshop, type Workshop } from "../support/build.ts";

function shopWithBusybox(): Workshop {
  const shop = workshop();
  addBusybox(shop);
  return shop;
}

const EPOCH: Partial<BuildOptions> = {
  buildArgs: { SOURCE_DATE_EPOCH: "1700000000" },
  outputs: [{ type: "image", names: ["x:1"], push: false, rewriteTimestamp: true }],
};

const DIFFERENT: readonly (readonly [name: string, dockerfile: string, says: RegExp, options?: Partial<BuildOptions>])[] = [
  [
    "the time in a file",
    "RUN date +%s.%N > /built",
    /"\/built" in layer 2 of RUN date .*: byte \d+ is 0x3\d in one build and 0x3\d in the other: ".*Usual cause/,
    EPOCH,
  ],
  ["times of files", "RUN touch /a", /"\/a" in layer 2 of RUN touch \/a: its time is .*files have the time of the build/],
  ["the name of the host", "RUN hostname > /h", /"\/h" in layer 2.*: byte 0 .*"buildkitsandbox\\n" and "another-builder\\n"/, EPOCH],
  ["random names", "RUN touch $(mktemp /a-XXXXXX)", /"\/a-.*: only the first build has it/, EPOCH],
  [
    "modes",
    "RUN touch /a && if [ $(hostname) = buildkitsandbox ]; then chmod 600 /a; fi",
    /"\/a" in layer 2.*: it has mode 600, owner 0:0 in one build and mode 644/,
    EPOCH,
  ],
  ["logs of apt", "RUN mkdir -p /var/log/apt && date +%s > /var/log/apt/history.log", /apt and dpkg write times and lists/, EPOCH],
];

describe("H6: --verify-reproducible", () => {
  for (const [name, line, says, options = {}] of DIFFERENT) {
    it(`finds ${name}`, async () => {
      using shop = shopWithBusybox();
      const work = shop.build(`${BUSYBOX}${line}\n`, { tags: ["x:1"], ...options, verifyReproducible: true });
      const told = await failure(work);
      assert.match(told, /^NOT_REPRODUCIBLE 4: Two builds differ: /);
      assert.match(told, says);
      await assert.rejects(
        work,
        (error) => isDecantError(error) && error.hint !== undefined && error.hint.endsWith(". Nothing was written"),
      );
    });
  }

  it("lets a build pass that is the same twice, keeps its cache as it was, and builds the same image", async () => {
    using shop = shopWithBusybox();
    const text = `${BUSYBOX}RUN echo a > /a && mkdir /d && touch /d/b\nCOPY busybox /copied\n`;
    const before = await shop.build(text, EPOCH);
    const verified = await shop.build(text, { ...EPOCH, verifyReproducible: true });
    assert.deepEqual([verified.result.executed, verified.result.manifestDigest], [0, before.result.manifestDigest]);
    assert.ok(
      verified.events.some(
        (event) => event.type === "vertex.planned" && event.name.startsWith("again: ") && event.name.includes("RUN echo a"),
      ),
    );
    assert.equal((await shop.build(text, EPOCH)).result.executed, 0);
  });

  it("finds results of the cache that are not the same any more", async () => {
    using shop = shopWithBusybox();
    const text = `${BUSYBOX}RUN --mount=type=cache,target=/c cat /c/n > /n; echo x >> /c/n; true\n`;
    await shop.build(text, EPOCH);
    assert.match(await failure(shop.build(text, { ...EPOCH, verifyReproducible: true })), /"\/n" in layer 2/);
  });
});
