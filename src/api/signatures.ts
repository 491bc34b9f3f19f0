/** Signatures of images: `generateKeyPair`, `signImage`, `verifyImage`. What makes and checks them is loaded on use. */
import * as v from "valibot";
import { imageContext, openSession, type Session, type StoreOptions } from "../context/index.ts";
import { unsupported, usageError } from "../errors.ts";
import { assembledForPush, findImage, type ImageContext, signedForms } from "../image/index.ts";
import {
  type Descriptor,
  formatReference,
  MAX_MANIFEST_BYTES,
  parseManifestOrIndex,
  parseReference,
  type Reference,
} from "../oci/index.ts";
import { imageSourceOf } from "../project/index.ts";
import type { KeyPair, SignatureDemand, SignaturePlace, Signer, SignerIdentity, VerifiedImage } from "../signatures/index.ts";
import { step } from "../step.ts";
import { workingDirectory } from "../working-directory.ts";
import type { Digest } from "../digest.ts";
import { readKeyFile } from "./key-files.ts";
import { call, fields, flag, list, maybe, oneOf, record, STORE, text } from "./options/kinds.ts";
import { checkOptions, type Shape, shapeOf } from "./options/shape.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/** Options of `generateKeyPair`. */
export interface GenerateKeyPairOptions {
  /** Encrypts the private key; may be empty. */
  readonly password: string;
}

/** Options of `signImage`. */
export interface SignImageOptions extends StoreOptions {
  /** A name: of the store, else of a registry. "docker://NAME": of a registry. "store:NAME". */
  readonly image: string;
  /** File of a private key (cosign's, or PEM), or "env://NAME". Default: none, which signs by `identityToken`. */
  readonly key?: string | undefined;
  /** Asked for the password of the key. Default: COSIGN_PASSWORD of the environment. */
  readonly password?: (() => Promise<string>) | undefined;
  /** A token of OpenID Connect that says who signs, its file, or "env://NAME". Default: that of the CI service, or SIGSTORE_ID_TOKEN. */
  readonly identityToken?: string | undefined;
  /** What the signature says besides. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** The certificate authority. Default: https://fulcio.sigstore.dev. */
  readonly fulcioUrl?: string | undefined;
  /** The transparency log. Default: https://rekor.sigstore.dev, which is of version 1. */
  readonly rekorUrl?: string | undefined;
  /** What `rekorUrl` speaks. Logs of version 2 say no time: without a key, they need `timestampServerUrl`, too. Default: "1". */
  readonly rekorVersion?: "1" | "2" | undefined;
  /** A timestamp authority (RFC 3161) that says when the image was signed. Default: none. */
  readonly timestampServerUrl?: string | undefined;
  /** With a key: write the signature down in the log, where everybody can see it. Default false. */
  readonly tlogUpload?: boolean | undefined;
  /** Store the signature beside the image. Default true. */
  readonly upload?: boolean | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** An image that was signed. */
export interface SignedImage {
  readonly image: string;
  /** "store": the signature goes along with a push. */
  readonly place: "registry" | "store" | "nowhere";
  /** What is signed: the manifest or index; of an image of the store also what a push makes of it. */
  readonly digests: readonly Digest[];
  /** Of the manifests that hold the signatures, one for each digest; none with `upload: false`. */
  readonly signatures: readonly Digest[];
  /** In JSON, one for each digest. */
  readonly bundles: readonly string[];
}

/** Options of `verifyImage`. */
export interface VerifyImageOptions extends StoreOptions {
  /** As for `signImage`. */
  readonly image: string;
  /** Files of public keys, or "env://NAME". One of them is enough. */
  readonly keys?: readonly string[] | undefined;
  /** Whoever signed without a key. */
  readonly identities?: readonly SignerIdentity[] | undefined;
  /** What the signature must say. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** File with the authorities and logs that count for `identities`. Default: those of sigstore.dev. */
  readonly trustedRoot?: string | undefined;
  /** File of the one bundle that counts. Default: those beside the image. */
  readonly bundle?: string | undefined;
  readonly cwd?: string | undefined;
}

const pattern = v.custom((value) => typeof value === "string" || value instanceof RegExp, "a text or a regular expression");
const GENERATE: Shape = shapeOf<GenerateKeyPairOptions>("generateKeyPair", { password: text });
const SIGN: Shape = shapeOf<SignImageOptions>("signImage", {
  ...STORE,
  image: text,
  key: maybe(text),
  password: maybe(call),
  identityToken: maybe(text),
  annotations: maybe(record(text)),
  fulcioUrl: maybe(text),
  rekorUrl: maybe(text),
  rekorVersion: maybe(oneOf("1", "2")),
  timestampServerUrl: maybe(text),
  tlogUpload: maybe(flag),
  upload: maybe(flag),
  cwd: maybe(text),
});
const VERIFY: Shape = shapeOf<VerifyImageOptions>("verifyImage", {
  ...STORE,
  image: text,
  keys: maybe(list(text)),
  identities: maybe(list(fields<SignerIdentity>({ subject: pattern, issuer: pattern }))),
  annotations: maybe(record(text)),
  trustedRoot: maybe(text),
  bundle: maybe(text),
  cwd: maybe(text),
});

const FULCIO = "https://fulcio.sigstore.dev";
const REKOR = "https://rekor.sigstore.dev";
/** A token; no file has such a name. */
const TOKEN = /^[\w-]{8,}\.[\w-]{8,}\.[\w-]*$/;

/** Makes a pair of keys as cosign does: ECDSA with P-256, in PEM, the private key encrypted. Rejects with `USAGE`. */
export async function generateKeyPair(options: GenerateKeyPairOptions): Promise<KeyPair> {
  checkOptions(GENERATE, options);
  const { makeKeyPair } = await import("../signatures/index.ts");
  return await makeKeyPair(options.password);
}

/**
 * Signs an image with a key, or as the owner of a token, and stores the signature beside it: a sigstore bundle, as cosign 3 does. Rejects with
 * `USAGE`, `SIGNING`, `NOT_FOUND`, `IMAGE_NOT_FOUND`, `REGISTRY*`.
 */
export function signImage(options: SignImageOptions): Run<SignedImage> {
  return startRun(SIGN, options, async (emit, signal) => {
    await using session = await openSession(options);
    const context = imageContext(session, emit, "sign", signal);
    const signer = await signerOf(session, options, signal);
    const { signImage: sign } = await import("../signatures/index.ts");
    return await step(emit, { vertex: "sign", name: `signing ${options.image}` }, signal, async () => {
      const found = await findSigned(session, options.image, { cwd: options.cwd, signal });
      const subjects = found.kind === "registry" ? [found.top] : await storedForms(session, context, found);
      const place: SignaturePlace = options.upload === false ? { kind: "nowhere" } : found;
      const made = [];
      for (const subject of subjects)
        made.push(await sign(context, { signer, subject, place, annotations: options.annotations, created: createdOf(session) }));
      return {
        image: found.shown,
        place: place.kind,
        digests: subjects.map(({ digest }) => digest),
        signatures: made.flatMap(({ signature }) => signature?.digest ?? []),
        bundles: made.map(({ bundle }) => bundle.toString("utf8")),
      };
    });
  });
}

/**
 * Verifies that an image is signed by one of the keys or identities. Rejects with `SIGNATURE` when it is not, `USAGE`, `SIGNING`, `NOT_FOUND`,
 * `IMAGE_NOT_FOUND`, `REGISTRY*`.
 */
export function verifyImage(options: VerifyImageOptions): Run<VerifiedImage> {
  return startRun(VERIFY, options, async (emit, signal) => {
    const { keys = [], identities, annotations } = options;
    if (keys.length === 0 && (identities ?? []).length === 0)
      throw usageError("Cannot verify an image: nobody says who must have signed it", "Give a key, or an identity with its issuer");
    await using session = await openSession(options, "look");
    const files = { env: session.env, cwd: options.cwd ?? workingDirectory(), signal };
    const demand: SignatureDemand = {
      keys: await Array.fromAsync(keys, (key) => readKeyFile("key", key, files)),
      identities,
      annotations,
      trustedRoot: options.trustedRoot === undefined ? undefined : await readKeyFile("trusted root", options.trustedRoot, files),
    };
    const bundle = options.bundle === undefined ? undefined : await readKeyFile("bundle", options.bundle, files);
    const { verifyImage: verify } = await import("../signatures/index.ts");
    const context = imageContext(session, emit, "verify", signal);
    return await step(emit, { vertex: "verify", name: `verifying ${options.image}` }, signal, async () => {
      const { kind, shown, top, reference } = await findSigned(session, options.image, { cwd: options.cwd, signal });
      const forms = kind === "store" ? signedForms(session.store, top.digest) : [];
      const only = bundle === undefined ? undefined : Buffer.from(bundle.text, "utf8");
      return await verify(context, { shown, digest: top.digest, forms, reference, isStored: kind === "store", bundle: only }, demand);
    });
  });
}

interface Finding {
  readonly cwd: string | undefined;
  readonly signal: AbortSignal;
}

/** An image with the digest that a signature of it has. */
type Signed = { readonly shown: string; readonly top: Descriptor } & (
  | { readonly kind: "registry"; readonly reference: Reference }
  | { readonly kind: "store"; readonly name: string; readonly reference?: Reference | undefined }
);

async function findSigned(session: Session, image: string, { cwd = workingDirectory(), signal }: Finding): Promise<Signed> {
  const source = await imageSourceOf(session, image, cwd);
  if (source.kind === "archive")
    throw unsupported("A signature beside an archive", { hint: "Copy it to a registry or into the store first: decant copy" });
  if (source.kind === "registry") {
    const reference = await (await session.registry()).reference(source.name);
    const { descriptor: top } = await (await session.registry()).manifest(reference, { signal });
    return { kind: "registry", shown: formatReference(reference), reference, top };
  }
  const { top, name } = await findImage(session.store, source.name);
  const reference = name === undefined ? undefined : parseReference(name);
  return { kind: "store", shown: name ?? source.name, name: source.name, reference, top: await typed(session.store, top) };
}

/** With the media type that the document itself says, where nobody told it. */
async function typed({ blobs }: Session["store"], { mediaType, digest, size }: Descriptor): Promise<Descriptor> {
  const parsed = parseManifestOrIndex(await blobs.read(digest, MAX_MANIFEST_BYTES), mediaType);
  return { mediaType: parsed.mediaType, digest, size };
}

/** What the name stands for, and what a push makes of that: another manifest where it has to compress layers. */
async function storedForms(session: Session, context: ImageContext, found: Signed & { readonly kind: "store" }): Promise<Descriptor[]> {
  const names = found.reference === undefined ? [] : [formatReference(found.reference)];
  const { descriptor } = await assembledForPush(context, found.name, names, { host: session.platform });
  const { mediaType, digest, size } = descriptor;
  return digest === found.top.digest ? [found.top] : [found.top, { mediaType, digest, size }];
}

async function signerOf(session: Session, options: SignImageOptions, signal: AbortSignal): Promise<Signer> {
  const { env, network } = session;
  const {
    ambientToken,
    createKeylessSigner,
    createKeySigner,
    openTiledLog,
    openTimestampAuthority,
    openTransparencyLog,
    readPrivateKey,
    signingError,
  } = await import("../signatures/index.ts");
  checkTiledLog(options);
  const openLog = options.rekorVersion === "2" ? openTiledLog : openTransparencyLog;
  const log = openLog(network, serviceUrl("rekorUrl", options.rekorUrl ?? REKOR));
  const server = options.timestampServerUrl;
  const clock = server === undefined ? undefined : openTimestampAuthority(network, serviceUrl("timestampServerUrl", server));
  const files = { env, cwd: options.cwd ?? workingDirectory(), signal };
  if (options.key !== undefined) {
    const file = await readKeyFile("key", options.key, files);
    const password = async (): Promise<string> => env["COSIGN_PASSWORD"] ?? (await options.password?.()) ?? "";
    return createKeySigner(await readPrivateKey(file, password), options.tlogUpload === true ? log : undefined, clock);
  }
  const fulcio = serviceUrl("fulcioUrl", options.fulcioUrl ?? FULCIO);
  const given = options.identityToken;
  const isFile = given !== undefined && !TOKEN.test(given);
  const token = isFile
    ? (await readKeyFile("identity token", given, files)).text.trim()
    : (given ?? (await ambientToken(network, env, signal)));
  if (token === undefined)
    throw signingError("sign", options.image, "there is no key, and no token that says who signs", {
      hint: "Use --key cosign.key, or --identity-token; workflows of GitHub need the permission id-token: write",
    });
  return createKeylessSigner({ network, token, fulcio, log, clock });
}

/** Logs of version 2 have no address that lasts, and say no time, which a certificate of minutes needs. Throws `USAGE`. */
function checkTiledLog({ rekorVersion, rekorUrl, key, timestampServerUrl }: SignImageOptions): void {
  if (rekorVersion !== "2") return;
  if (rekorUrl === undefined)
    throw usageError(
      "Cannot use rekorVersion 2 without rekorUrl: each year has a log of its own",
      "Name the log: --rekor-url https://log2025-1.rekor.sigstore.dev",
    );
  if (key === undefined && timestampServerUrl === undefined)
    throw usageError(
      "Cannot use rekorVersion 2 without a key and without timestampServerUrl: such a log does not say when an image was signed",
      "Name an authority that does: --timestamp-server-url https://timestamp.sigstore.dev/api/v1/timestamp",
    );
}

function serviceUrl(option: string, value: string): URL {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol)) throw usageError(`Cannot use "${value}" as ${option}: wanted an http(s) address`);
  return url;
}

/** SOURCE_DATE_EPOCH, else now. */
function createdOf({ env }: Session): string {
  const epoch = env["SOURCE_DATE_EPOCH"];
  const isFixed = epoch !== undefined && /^\d{1,12}$/.test(epoch);
  return (isFixed ? new Date(Number(epoch) * 1000) : new Date()).toISOString().replace(/\.\d+/, "");
}
