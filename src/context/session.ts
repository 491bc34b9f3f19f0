/** What every call of the API opens: the store, and a registry client when one is needed. */
import { isDecantError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { homeDirectory } from "../home-directory.ts";
import type { ImageContext } from "../image/index.ts";
import { createNetwork, type Network } from "../net/index.ts";
import { defaultPlatform, hostPlatform, parsePlatform, type Platform } from "../oci/index.ts";
import { createRegistryClient, type CredentialSource, fileCredentials, type RegistryClient } from "../registry/index.ts";
import { sweepTemporaryFolders } from "../sys/index.ts";
import { defaultStoreRoot, openStore, openStoreToLook, type Store } from "../store/index.ts";
import type { StoreOptions } from "./types.ts";

/** What is done with the store. */
type StoreAccess = "look" | "change" | "prune" | "stay";

/** An open store with its surroundings. */
export interface Session extends AsyncDisposable {
  readonly store: Store;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The one that is meant where nobody names one. */
  readonly platform: Platform;
  /** What every request of the call goes by. */
  readonly network: Network;
  /** The accounts of registries. */
  readonly credentials: CredentialSource;
  /** Made on first use. */
  readonly registry: ImageContext["registry"];
}

/**
 * Opens the store that the options name. `access` "look": a store that cannot be written to will do; "prune": what the store keeps in reserve for a full
 * disk may be used; "stay": for a server, which opens others for each piece of its work, and does not keep what is used from prunes. `credentials`: those of registries; default: those that the user has logged in with.
 */
export async function openSession(options: StoreOptions, access: StoreAccess = "change", credentials?: CredentialSource): Promise<Session> {
  const env = options.env ?? process.env;
  const root = options.root ?? defaultStoreRoot(env, process.getuid?.() ?? 0);
  const platform = defaultPlatform(env, hostPlatform({ arch: process.arch }));
  const store = await openAs(root, access);
  // Beside the work: what killed processes left.
  const sweeping = sweepTemporaryFolders();
  sweeping.catch(() => undefined);
  const network = createNetwork({ env });
  const clients = new Map<boolean, RegistryClient>();
  const clientFor = (insecure: boolean): RegistryClient => {
    const client = clients.get(insecure) ?? createRegistryClient({ env, network, insecure, credentials });
    clients.set(insecure, client);
    return client;
  };
  return {
    store,
    env,
    network,
    platform,
    credentials: credentials ?? fileCredentials({ env, homeDir: homeDirectory() }),
    registry: ({ insecure = false } = {}) => Promise.resolve(clientFor(insecure)),
    async [Symbol.asyncDispose]() {
      for (const client of clients.values()) client[Symbol.dispose]();
      network[Symbol.dispose]();
      await sweeping.catch(() => undefined);
      await store[Symbol.asyncDispose]();
    },
  };
}

async function openAs(root: string, access: StoreAccess): Promise<Store> {
  try {
    return await openStore({ root, useReserve: access === "prune", holdsNothing: access === "stay" });
  } catch (error) {
    if (access !== "look" || !isDecantError(error, "STORE_READ_ONLY")) throw error;
    return await openStoreToLook({ root });
  }
}

/** The platform that was asked for, else the default one. Throws `PLATFORM`. */
export function platformOf(session: Pick<Session, "platform">, wanted: string | undefined): Platform {
  return wanted === undefined ? session.platform : parsePlatform(wanted, session.platform);
}

/** What the image room's functions take. */
export function imageContext(session: Session, emit: Emit, vertex: string, signal: AbortSignal): ImageContext {
  return { store: session.store, registry: session.registry, emit, vertex, signal };
}
