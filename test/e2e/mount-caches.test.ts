/** G4: cache mounts that travel with a cache. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type BuildOptions } from "../../src/index.ts";
import { addBusybox, BUSYBOX, type Built, workshop, type Workshop } from "../support/build.ts";
import { startFakeRegistry } from "../support/registry.ts";

const CACHE_ONLY: Partial<BuildOptions> = { outputs: [{ type: "cacheonly" }] };

/** A machine of its own. */
function machine(): Workshop {
  const shop = workshop();
  addBusybox(shop);
  return shop;
}

/** A step with a cache mount in /c. */
function step(shop: Workshop, script: string, options: Partial<BuildOptions> = {}, id = "c"): Promise<Built> {
  return shop.build(`${BUSYBOX}RUN --mount=type=cache,id=${id},target=/c ${script}\n`, { ...CACHE_ONLY, ...options });
}

function warnings({ events }: Built): string[] {
  return events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
}

describe("G4: cache mounts travel", { timeout: 600_000, concurrency: 2 }, () => {
  it("G4: a new mount starts with what it had on another machine, with modes and owners", async () => {
    using here = machine();
    using there = machine();
    const folder = join(here.folder, "cache");
    const files = "mkdir -p /c/d && echo one > /c/d/f && chmod 640 /c/d/f && chown 1000:1001 /c/d/f && ln -s d/f /c/link && touch /c/.wh.x";
    await step(here, files, { cacheTo: [{ type: "local", dest: folder, mounts: true }] });
    const cacheFrom = [{ type: "local", src: folder }] as const;
    const { log } = await step(there, "cat /c/link && stat -c '%a %u:%g' /c/d/f", { cacheFrom });
    assert.equal(log, "one\n640 1000:1001\n");
    // What is there stays as it is.
    await step(there, "echo two > /c/d/f", { cacheFrom });
    assert.equal((await step(there, "cat /c/d/f", { cacheFrom })).log, "two\n");
    // Nobody asked for it here.
    using other = machine();
    assert.equal((await step(other, "ls /c", {})).log, "");
  });

  it("G4: only what is new moves", async () => {
    await using registry = await startFakeRegistry();
    using here = machine();
    const cache = { type: "registry", ref: `${registry.host}/app:cache` } as const;
    const cacheTo = [{ ...cache, mounts: true }] as const;
    await step(here, "for i in $(seq 1 2000); do echo $i > /c/$i; done", { cacheTo });
    using there = machine();
    const before = registry.requests.length;
    await step(there, "echo new > /c/new", { cacheFrom: [cache], cacheTo });
    const sent = registry.requests.slice(before).filter(({ method, path }) => method === "PUT" && path.includes("/blobs/"));
    // A pack of several, the layer of the step, and the document.
    assert.ok(sent.length <= 4, String(sent.length));
    using third = machine();
    assert.equal((await step(third, "ls /c | wc -l && cat /c/new /c/7", { cacheFrom: [cache] })).log, "2001\nnew\n7\n");
  });

  it("G4: what two machines add at the same time is kept", async () => {
    using first = machine();
    const folder = join(first.folder, "cache");
    const cacheFrom = [{ type: "local", src: folder }] as const;
    const cacheTo = [{ type: "local", dest: folder, mounts: true }] as const;
    await step(first, "echo base > /c/base", { cacheTo });
    using second = machine();
    using third = machine();
    // Both have taken what there was before either leaves its own.
    await step(third, "cat /c/base", { cacheFrom });
    await step(second, "echo two > /c/two", { cacheFrom, cacheTo });
    await step(third, "echo three > /c/three", { cacheTo });
    using fourth = machine();
    assert.equal((await step(fourth, "cat /c/base /c/two /c/three", { cacheFrom })).log, "base\ntwo\nthree\n");
  });

  it("G4: by id, and with a limit", async () => {
    using here = machine();
    const folder = join(here.folder, "cache");
    await step(here, "echo npm > /c/f", { cacheTo: [{ type: "local", dest: folder, mounts: ["pip"] }] }, "npm");
    await step(here, "echo pip > /c/f", { cacheTo: [{ type: "local", dest: folder, mounts: ["pip"] }] }, "pip");
    const big = await step(
      here,
      "head -c 5000 /dev/zero > /c/f",
      { cacheTo: [{ type: "local", dest: folder, mounts: true, mountsMaxBytes: 4000 }] },
      "big",
    );
    assert.deepEqual(warnings(big), [
      'The cache mount "big" was left out of the cache: its files have more than 4 kB; mounts-max-size= sets another size',
    ]);
    const index = readFileSync(join(folder, "index.json"), "utf8");
    assert.ok(index.includes("latest"));
    using there = machine();
    const cacheFrom = [{ type: "local", src: folder }] as const;
    for (const [id, want] of [
      ["npm", ""],
      ["pip", "f\n"],
      ["big", ""],
    ] as const)
      assert.equal((await step(there, `ls /c # ${id}`, { cacheFrom }, id)).log, want, id);
  });

  it("G4: a cache whose packs are gone gives a new mount", async () => {
    await using registry = await startFakeRegistry();
    using here = machine();
    const cache = { type: "registry", ref: `${registry.host}/app:cache` } as const;
    await step(here, "echo one > /c/f", { cacheTo: [{ ...cache, mounts: true }] });
    registry.fault({ kind: "status", match: /^GET \S+blobs\S+/, status: 404, times: 100 });
    using there = machine();
    const { result } = await step(there, "ls /c > /list", { cacheFrom: [cache] });
    assert.ok(result.executed > 0);
  });
});
