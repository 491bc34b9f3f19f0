/**
 * Docker's Engine API, which Podman speaks, too (its socket): what images there are, their names, and POST /images/load.
 *
 * All of them take an archive that leaves out layers that they have. Docker's older store looks for a layer by its place in the chain of diffIds,
 * Podman by digest, Docker's containerd store by the digest of exactly that blob.
 */
import * as v from "valibot";
import { AT_ONCE, pool } from "../async.ts";
import { collect } from "../bytes.ts";
import { isDigest } from "../digest.ts";
import { cleanText, connectDaemon, type DaemonConnection } from "../net/index.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import type { Endpoint } from "./docker-endpoint.ts";
import { daemonError } from "./errors.ts";
import type { Daemon, LoadBody, WantedImage } from "./types.ts";

const MAX_JSON_BYTES = 64 * 1024 * 1024;
const PING_MS = 2000;
/** Images whose layers are asked for, beside those of the same name: the newest ones. */
const MAX_INSPECTED = 100;

const texts = v.nullish(v.array(v.string()));
const imageSchema = v.looseObject({
  Id: v.string(),
  RepoTags: texts,
  RootFS: v.nullish(v.looseObject({ Layers: texts })),
});
const listSchema = v.array(v.looseObject({ Id: v.string(), RepoTags: texts, Created: v.nullish(v.number()) }));
const infoSchema = v.looseObject({ DriverStatus: v.nullish(v.array(v.array(v.string()))) });
const lineSchema = v.looseObject({
  stream: v.nullish(v.string()),
  error: v.nullish(v.string()),
  message: v.nullish(v.string()),
});

/** Connects; undefined when nobody answers there. */
export async function openDockerDaemon({ address, place }: Endpoint, signal: AbortSignal): Promise<Daemon | undefined> {
  const connection = connectDaemon(place);
  try {
    const answer = await connection.send({
      method: "GET",
      path: "/_ping",
      signal: AbortSignal.any([signal, AbortSignal.timeout(PING_MS)]),
    });
    answer.discard();
    if (answer.status === 200)
      return dockerDaemon(connection, address, answer.header("libpod-api-version") === undefined ? "Docker" : "Podman");
  } catch {
    signal.throwIfAborted();
  }
  connection[Symbol.dispose]();
  return undefined;
}

function dockerDaemon(connection: DaemonConnection, address: string, kind: "Docker" | "Podman"): Daemon {
  const api = dockerApi(connection, `${kind} (${address})`);
  return {
    kind,
    address,
    holdsAttestations: async (signal) => kind === "Docker" && (await api.hasContainerdStore(signal)),
    async find({ ids, layers }, signal) {
      for (const id of ids) {
        const found = v.safeParse(imageSchema, await api.json(`/images/${id}/json`, signal));
        if (!found.success) continue;
        const { Id, RepoTags, RootFS } = found.output;
        // An image that another client loaded by halves has no layers here.
        const there = RootFS?.Layers ?? [];
        if (there.length === layers.length && layers.every(({ diffId }, at) => there[at] === diffId))
          return { id: Id, names: canonical(RepoTags ?? []) };
      }
      return undefined;
    },
    async tag(id, name, signal) {
      const { tag = "latest", ...repository } = parseReference(name);
      const query = new URLSearchParams({ repo: formatReference(repository), tag });
      await api.ask({ method: "POST", path: `/images/${encodeURIComponent(id)}/tag?${query}`, signal });
    },
    async layersThere(image, layersOf, signal) {
      const listed = v.parse(listSchema, (await api.json("/images/json", signal)) ?? []);
      if (kind === "Docker" && (await api.hasContainerdStore(signal))) {
        const ids = listed.map(({ Id }) => Id).filter(isDigest);
        return new Set((await pool(AT_ONCE, ids, layersOf, signal)).flat());
      }
      const wanted = new Set(image.names);
      const isNamesake = ({ RepoTags }: { readonly RepoTags?: readonly string[] | null | undefined }): boolean =>
        canonical(RepoTags ?? []).some((name) => wanted.has(name));
      const order = listed.toSorted((a, b) => Number(isNamesake(b)) - Number(isNamesake(a)) || (b.Created ?? 0) - (a.Created ?? 0));
      let count = 0;
      for (const { Id } of order.slice(0, MAX_INSPECTED)) {
        if (count === image.layers.length) break;
        const found = v.safeParse(imageSchema, await api.json(`/images/${Id}/json`, signal));
        if (found.success) count = Math.max(count, sharedLayers(image, found.output.RootFS?.Layers ?? []));
      }
      return new Set(image.layers.slice(0, count).map(({ digest }) => digest));
    },
    load: (body, signal) => api.load(body, signal),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

/** How many layers two images have in common, from the lowest one. */
function sharedLayers({ layers }: WantedImage, there: readonly string[]): number {
  const different = layers.findIndex(({ diffId }, at) => there[at] !== diffId);
  return different < 0 ? layers.length : different;
}

/** Names that do not follow the rules are nobody's. */
function canonical(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    try {
      return [formatReference(parseReference(name))];
    } catch {
      return [];
    }
  });
}

interface DockerApi {
  /** The answer, read; undefined for what is not there. Throws `EXPORT`. */
  ask(request: Parameters<DaemonConnection["send"]>[0]): Promise<string | undefined>;
  json(path: string, signal: AbortSignal): Promise<unknown>;
  hasContainerdStore(signal: AbortSignal): Promise<boolean>;
  load(body: LoadBody, signal: AbortSignal): Promise<void>;
}

function dockerApi(connection: DaemonConnection, where: string): DockerApi {
  const ask: DockerApi["ask"] = async (request) => {
    try {
      const answer = await connection.send(request);
      const text = (await collect(answer.body, MAX_JSON_BYTES, `an answer of ${where}`)).toString("utf8");
      if (answer.status === 404) return undefined;
      if (answer.status < 300) return text;
      throw daemonError(where, `it answered ${answer.status}: ${reasonIn(text)}`);
    } catch (error) {
      request.signal?.throwIfAborted();
      throw daemonFailure(where, error);
    }
  };
  const json: DockerApi["json"] = async (path, signal) => jsonOf((await ask({ method: "GET", path, signal })) ?? "");
  return {
    ask,
    json,
    async hasContainerdStore(signal) {
      const info = v.safeParse(infoSchema, await json("/info", signal));
      const status = info.success ? (info.output.DriverStatus ?? []) : [];
      return status.some(([key, value]) => key === "driver-type" && value?.startsWith("io.containerd.snapshotter") === true);
    },
    async load({ sizeBytes, open }, signal) {
      const headers = { "content-type": "application/x-tar" };
      const text = await ask({ method: "POST", path: "/images/load?quiet=1", headers, body: { size: sizeBytes, open }, signal });
      // What fails after the first bytes is told in the answer, not by its status.
      const lines = (text ?? "").split("\n").map((line) => v.safeParse(lineSchema, jsonOf(line)));
      const said = lines.flatMap(({ success, output }) => (success ? [output] : []));
      const failure =
        said.find(({ error }) => typeof error === "string")?.error ??
        said.find(({ stream }) => stream?.startsWith("Error unpacking") === true)?.stream;
      if (typeof failure === "string") throw daemonError(where, cleanText(failure));
    },
  };
}

/** A failed request in words. */
function daemonFailure(where: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === "DecantError") return error;
  return daemonError(where, cleanText(error.message) || "the connection broke off", { cause: error });
}

function reasonIn(text: string): string {
  const parsed = v.safeParse(lineSchema, jsonOf(text));
  return cleanText((parsed.success ? (parsed.output.message ?? parsed.output.error) : undefined) ?? text);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
