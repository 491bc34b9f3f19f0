/** D: whatever fails, each step that started is told to have ended, and the failed one tells what the error tells. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import {
  auditImage,
  build,
  type BuildEvent,
  type BuildOptions,
  buildBase,
  DecantError,
  importImage,
  lockBase,
  pullImage,
  pushImage,
  type Run,
  sbomOf,
  showBase,
} from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { stepsEnd } from "../support/events.ts";

/** A server that gives nothing to anybody. */
const server = createServer((_request, response) => response.writeHead(403).end());
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close());
const NOWHERE = `127.0.0.1:${(server.address() as AddressInfo).port}`;
const MIRRORS = { mirror: `http://${NOWHERE}/debian`, securityMirror: `http://${NOWHERE}/security` };

interface Failure {
  readonly what: string;
  /** A step of this name is the one that fails; absent: nothing has started by then. */
  readonly step: RegExp;
  readonly code: string;
  readonly run: (shop: Workshop) => Run<unknown> | Promise<Run<unknown>>;
}

function building(dockerfile: string, options: Partial<BuildOptions> = {}): (shop: Workshop) => Run<unknown> {
  return (shop) => {
    addBusybox(shop);
    const file = join(shop.folder, "Dockerfile");
    writeFileSync(file, dockerfile);
    return build({ root: shop.root, env: {}, caCerts: "off", context: shop.context, file, ...options });
  };
}

async function withImage(shop: Workshop): Promise<void> {
  addBusybox(shop);
  await shop.build(`${BUSYBOX}CMD ["/bin/true"]\n`, { tags: ["app"] });
}

const FAILURES: readonly Failure[] = [
  { what: "RUN", step: /RUN false/, code: "RUN_FAILED", run: building(`${BUSYBOX}RUN false\n`) },
  {
    what: "RUN, while another stage runs",
    step: /RUN false/,
    code: "RUN_FAILED",
    run: building(`${BUSYBOX}FROM base AS other\nRUN sleep 20\nFROM base\nRUN false\nCOPY --from=other /bin/sh /\n`),
  },
  { what: "COPY of what is not there", step: /COPY missing/, code: "COPY_SOURCE_MISSING", run: building("FROM scratch\nCOPY missing /\n") },
  { what: "a base in no registry", step: /load metadata for/, code: "REGISTRY_DENIED", run: building(`FROM ${NOWHERE}/base\n`) },
  {
    what: "a context that is not there",
    step: /load context from/,
    code: "HTTP_SOURCE",
    run: building("FROM scratch\n", { context: `http://${NOWHERE}/context.tar`, file: "Dockerfile" }),
  },
  {
    what: "--push",
    step: /pushing/,
    code: "REGISTRY_DENIED",
    run: building("FROM scratch\nCOPY busybox /\n", { outputs: [{ type: "registry", names: [`${NOWHERE}/app`] }] }),
  },
  {
    what: "-o to a place that is full",
    step: /exporting to OCI/,
    code: "EXPORT",
    run: building("FROM scratch\nCOPY busybox /\n", { outputs: [{ type: "oci", dest: "/dev/full", tar: true, names: [] }] }),
  },
  {
    what: "--audit",
    step: /auditing/,
    code: "AUDIT",
    run: building('FROM scratch\nCOPY busybox /\nCMD ["/bin/nothing"]\n', { audit: "error" }),
  },
  { what: "pull", step: /pulling/, code: "REGISTRY_DENIED", run: ({ root }) => pullImage({ root, env: {}, image: `${NOWHERE}/base` }) },
  {
    what: "push",
    step: /pushing/,
    code: "REGISTRY_DENIED",
    run: async (shop) => {
      await withImage(shop);
      return pushImage({ root: shop.root, env: {}, image: "app", name: `${NOWHERE}/app` });
    },
  },
  {
    what: "import",
    step: /importing/,
    code: "TAR",
    run: ({ root, folder }) => {
      writeFileSync(join(folder, "bad.tar"), Buffer.alloc(2048, "x"));
      return importImage({ root, env: {}, name: "app", file: join(folder, "bad.tar") });
    },
  },
  { what: "audit", step: /pulling/, code: "REGISTRY_DENIED", run: ({ root }) => auditImage({ root, env: {}, image: `${NOWHERE}/app` }) },
  { what: "sbom", step: /pulling/, code: "REGISTRY_DENIED", run: ({ root }) => sbomOf({ root, env: {}, image: `${NOWHERE}/app` }) },
  {
    what: "base build",
    step: /assembling/,
    code: "DEBIAN_ARCHIVE",
    run: ({ root }) => buildBase({ root, env: {}, base: "static-debian12", ...MIRRORS }),
  },
  {
    what: "base lock",
    step: /locking/,
    code: "DEBIAN_ARCHIVE",
    run: ({ root, folder }) => lockBase({ root, env: {}, cwd: folder, base: "static-debian12", ...MIRRORS }),
  },
  {
    what: "base show",
    step: /assembling/,
    code: "DEBIAN_ARCHIVE",
    run: ({ root }) => showBase({ root, env: {}, base: "static-debian12", ...MIRRORS }),
  },
];

async function eventsOf(run: Run<unknown>): Promise<{ readonly events: readonly BuildEvent[]; readonly error: unknown }> {
  await using running = run;
  const events: BuildEvent[] = [];
  for await (const event of running) events.push(event);
  const error = await running.result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { events, error };
}

describe("D: a failing command ends its steps", () => {
  for (const { what, step, code, run } of FAILURES)
    it(what, async () => {
      using shop = workshop();
      mkdirSync(shop.context, { recursive: true });
      const { events, error } = await eventsOf(await run(shop));
      assert.ok(error instanceof DecantError, String(error));
      assert.equal(error.code, code, error.message);
      stepsEnd(events);
      const failed = events.filter((event) => event.type === "vertex.failed");
      const names = new Map(events.flatMap((event) => (event.type === "vertex.planned" ? [[event.vertex, event.name]] : [])));
      assert.match(names.get(failed[0]?.vertex ?? "") ?? "", step);
      const { code: told, message, hint, source = [], details = {} } = failed[0] ?? {};
      assert.deepEqual(
        { told, message, hint, details },
        { told: error.code, message: error.message, hint: error.hint, details: error.details },
      );
      assert.deepEqual(
        source.map(({ file, line }) => ({ file, line })),
        error.source.map((range) => ({ file: range.file.name, line: range.start.line })),
      );
    });

  it("a cancelled build says which step was cancelled", async () => {
    using shop = workshop();
    const stop = new AbortController();
    const run = building(`${BUSYBOX}RUN echo here; sleep 30\n`, { signal: stop.signal })(shop);
    void (async () => {
      for await (const event of run) if (event.type === "log") stop.abort(new Error("enough"));
    })();
    const { events, error } = await eventsOf(run);
    assert.equal(error, stop.signal.reason);
    stepsEnd(events);
    assert.deepEqual(
      events.flatMap(({ type }) => (type === "vertex.failed" || type === "vertex.cancelled" ? [type] : [])),
      ["vertex.cancelled"],
    );
  });
});
