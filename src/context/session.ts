/** What every call of the API opens: the store, and a registry client when one is needed. */
import type { Emit } from "../events.ts";
import type { ImageContext } from "../image/index.ts";
import { createNetwork, type Network } from "../net/index.ts";
import { defaultPlatform, hostPlatform, parsePlatform, type Platform } from "../oci/index.ts";
import { createRegistryClient, type RegistryClient } from "../registry/index.ts";
import { defaultStoreRoot, openStore, type Store } from "../store/index.ts";
import type { StoreOptions } from "./types.ts";

/** An open store with its surroundings. */
export interface Session extends AsyncDisposable {
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The one that is meant where nobody names one. */
  readonly platform: Platform;
  /** What every request of the call goes by. */
  readonly network: Network;
  /** Made on first use. */
  readonly registry: () => Promise<RegistryClient>;
}

/** Opens the store that the options name. `readOnly` for calls that only look. */
export async function openSession(options: StoreOptions, access: { readonly readOnly?: boolean } = {}): Promise<Session> {
  const env = options.env ?? process.env;
  const root = options.root ?? defaultStoreRoot(env, process.getuid?.() ?? 0);
  const platform = defaultPlatform(env, hostPlatform({ arch: process.arch }));
  const store = await openStore({ root, ...access });
  const network = createNetwork({ env });
  let client: RegistryClient | undefined;
  return {
    store,
    env,
    network,
    platform,
    registry: () => Promise.resolve((client ??= createRegistryClient({ env, network }))),
    async [Symbol.asyncDispose]() {
      client?.[Symbol.dispose]();
      network[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** The platform that was asked for, else the default one. Throws `PLATFORM`. */
export function platformOf(session: Pick<Session, "platform">, wanted: string | undefined): Platform {
  return wanted === undefined ? session.platform : parsePlatform(wanted, session.platform);
}

/** What the image room's functions take. */
export function imageContext(session: Session, emit: Emit, vertex: string, signal: AbortSignal): ImageContext {
  return { store: session.store, registry: session.registry, emit, vertex, signal };
}
