/** Tries addresses in order: mirrors first. An address that could not be reached is not asked again by this client. */
import { DecantError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Endpoint } from "./types.ts";

/** Remembers mirrors that are down. */
export interface Mirrors {
  /** Runs `fn` for one address after the other until it succeeds. The error of the last one is thrown; it tells which were tried. */
  first<Result>(endpoints: readonly Endpoint[], fn: (endpoint: Endpoint) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /** The addresses that are worth asking; never empty. */
  alive(endpoints: readonly Endpoint[]): readonly Endpoint[];
  /** A mirror failed: forgets it when it is down, and tells unless it just does not have the image. */
  failed(endpoint: Endpoint, error: DecantError): void;
  /** Bytes of these addresses are not what they must be. True when a mirror is among them: it is left out from now on, and another place may do better. */
  lied(endpoints: ReadonlySet<Endpoint>, error: DecantError): boolean;
}

/** A failure at an address. */
export interface Tried {
  readonly endpoint: Endpoint;
  readonly error: DecantError;
}

/** Makes a `Mirrors` that knows nothing yet. */
export function createMirrors(emit: Emit): Mirrors {
  const down = new Set<string>();
  const alive = (endpoints: readonly Endpoint[]): readonly Endpoint[] => endpoints.filter(({ mirror, host }) => !mirror || !down.has(host));
  const failed = (endpoint: Endpoint, error: DecantError): void => {
    if (error.code === "REGISTRY_UNREACHABLE" || error.code === "CONFIG_FILE") down.add(endpoint.host);
    if (error.code === "IMAGE_NOT_FOUND" || error.code === "BLOB_MISSING") return;
    emit({ type: "warning", code: "RegistryMirror", message: `Mirror "${endpoint.registry}" was left out: ${error.message}` });
  };
  return {
    alive,
    failed,
    lied(endpoints, error) {
      const suspects = [...endpoints].filter(({ mirror }) => mirror);
      for (const endpoint of suspects) {
        down.add(endpoint.host);
        failed(endpoint, error);
      }
      return suspects.length > 0;
    },
    async first(endpoints, fn, signal) {
      const tried: Tried[] = [];
      for (const endpoint of alive(endpoints)) {
        try {
          return await fn(endpoint);
        } catch (error) {
          signal?.throwIfAborted();
          if (!(error instanceof DecantError)) throw error;
          if (endpoint.mirror) failed(endpoint, error);
          tried.push({ endpoint, error });
        }
      }
      throw allFailed(tried);
    },
  };
}

/** The last error, with the mirrors that were tried before in its message and details. */
export function allFailed(tried: readonly Tried[]): DecantError {
  const last = tried.at(-1);
  if (last === undefined) return new DecantError("REGISTRY", "Cannot read from registry: it has no address");
  if (tried.length === 1) return last.error;
  const before = tried.slice(0, -1).map(({ endpoint, error }) => `mirror "${endpoint.registry}" (${error.message})`);
  const { code, message, hint, details } = last.error;
  return new DecantError(code, `${message}; tried before: ${before.join(", ")}`, {
    hint,
    details: { ...details, tried: tried.map(({ endpoint }) => `${endpoint.host}/${endpoint.repository}`) },
    cause: new AggregateError(
      tried.map(({ error }) => error),
      "every address failed",
    ),
  });
}
