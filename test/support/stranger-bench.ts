/** A registry that wants to know who we are, a stranger, and a client with credentials for the registry: what may arrive where. */
import assert from "node:assert/strict";
import { bytesOf, collect } from "../../src/bytes.ts";
import { sha256 } from "../../src/digest.ts";
import { OCI_MANIFEST, parseReference, type Reference } from "../../src/oci/index.ts";
import type { RegistryClient } from "../../src/registry/index.ts";
import type { Credentials } from "../../src/registry/auth-file.ts";
import { fakeClient } from "./registry-client.ts";
import { type FakeRegistry, startFakeRegistry } from "./registry.ts";
import { type Manners, startStranger, type Stranger } from "./stranger.ts";
import { LOCALHOST_TLS } from "./tls.ts";

/** Who the registry knows. */
export const LOGIN: { readonly username: string; readonly password: string } = { username: "someone", password: "s3cret-word" };
/** The same, as credentials. */
export const ME: Credentials = { kind: "password", ...LOGIN };
/** An identity token that it takes as well. */
export const REFRESH: Credentials & { readonly kind: "identity-token" } = { kind: "identity-token", token: "r3fresh-token" };
/** What must not arrive: the tokens of the fake registry are token-1, token-2 … */
export const SECRETS: readonly string[] = [LOGIN.password, REFRESH.token, "token-"];
/** A blob of team/app. */
export const LAYER: Buffer = Buffer.from("layer");

/** What a test works with: team/app:v1 is in the registry. */
export interface Bench extends AsyncDisposable {
  readonly registry: FakeRegistry;
  readonly stranger: Stranger;
  readonly client: RegistryClient;
  readonly reference: Reference;
  /** For which registries credentials were looked up. */
  readonly lookedUp: ReadonlySet<string>;
}

/** How it is set up. */
export interface BenchOptions {
  readonly auth: "basic" | "bearer";
  readonly manners?: Manners;
  readonly credentials?: Credentials;
  readonly tls?: boolean;
  readonly realm?: (stranger: Stranger) => string;
}

/** Sets it up. */
export async function strangerBench({ auth, manners = "bearer", credentials = ME, tls = false, realm }: BenchOptions): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const stranger = stack.use(await startStranger(manners));
  const registry = stack.use(
    await startFakeRegistry({
      auth: { kind: auth, ...LOGIN, identityToken: REFRESH.token, ...(realm === undefined ? {} : { realm: realm(stranger) }) },
      ...(tls ? { tls: LOCALHOST_TLS } : {}),
    }),
  );
  registry.addImage("team/app", "v1", { layers: [LAYER] });
  registry.addBlob("base", Buffer.from("base"));
  const lookedUp = new Set<string>();
  const client = stack.use(
    fakeClient({
      credentials: (host, repository) => {
        lookedUp.add(`${host}/${repository}`);
        return Promise.resolve(credentials);
      },
    }),
  );
  const held = stack.move();
  return {
    registry,
    stranger,
    client,
    reference: parseReference(`${registry.host}/team/app:v1`),
    lookedUp,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A call of the client. */
export interface Call {
  readonly name: string;
  /** Which request leads elsewhere. */
  readonly match: RegExp;
  readonly run: (client: RegistryClient, reference: Reference) => Promise<unknown>;
  /** What it gives where a failure of this request is none of the call. */
  readonly otherwise?: unknown;
}

/** Uploads a blob that the registry has not. */
export const upload: Call["run"] = (client, reference) =>
  client.pushBlob(reference, { digest: sha256("new"), size: 3 }, () => bytesOf("new"));

/** Every call that makes a request. */
export const CALLS: readonly Call[] = [
  { name: "resolve", match: /^HEAD .*manifests/, run: (client, reference) => client.resolve(reference) },
  { name: "manifest", match: /^GET .*manifests/, run: (client, reference) => client.manifest(reference) },
  {
    name: "blob",
    match: /^GET .*blobs/,
    run: (client, reference) => collect(client.blob(reference, { digest: sha256(LAYER), size: LAYER.byteLength }), 100),
  },
  { name: "hasBlob", match: /^HEAD .*blobs/, run: (client, reference) => client.hasBlob(reference, sha256(LAYER)) },
  {
    name: "mountBlob",
    match: /^POST .*mount=/,
    run: (client, reference) => client.mountBlob(reference, "base", sha256("base")),
    // Then the blob is uploaded.
    otherwise: false,
  },
  { name: "pushBlob, at its start", match: /^POST .*uploads/, run: upload },
  { name: "pushBlob, at its end", match: /^PUT .*uploads/, run: upload },
  {
    name: "pushManifest",
    match: /^PUT .*manifests/,
    run: (client, reference) => client.pushManifest(reference, OCI_MANIFEST, Buffer.from("{}")),
  },
  { name: "referrers", match: /^GET .*referrers/, run: (client, reference) => client.referrers(reference, sha256(LAYER)) },
  { name: "tags", match: /^GET .*tags/, run: (client, reference) => client.tags(reference) },
];

/** The stranger has heard something, and no secret of ours; nobody has asked for credentials for it. */
export function assertKept({ stranger, registry, lookedUp }: Bench): void {
  assert.ok(stranger.heard.length > 0, "the stranger was not asked at all");
  assert.deepEqual(stranger.leaks(...SECRETS), []);
  assert.deepEqual(
    stranger.heard.map(({ headers }) => headers["authorization"]),
    stranger.heard.map(() => undefined),
  );
  assert.deepEqual(
    stranger.log().filter((line) => line.includes("/token")),
    [],
  );
  assert.deepEqual(
    [...lookedUp].filter((name) => name !== `${registry.host}/team/app`),
    [],
  );
}
