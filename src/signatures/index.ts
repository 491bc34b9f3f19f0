/** Signatures of images: sigstore bundles about digests. The other rooms see this file only. Everything but types is loaded on use. */
export type { SignatureDemand, SignerIdentity } from "./demand.ts";
export { ambientToken } from "./identity-token.ts";
export { createKeylessSigner } from "./keyless-signer.ts";
export { type KeyFile, type KeyPair, makeKeyPair, readPrivateKey } from "./keys.ts";
export { signingError } from "./errors.ts";
export { type MadeSignature, signImage, type SignaturePlace } from "./sign-image.ts";
export { createKeySigner, type Signer } from "./signer.ts";
export { openTiledLog } from "./tiled-log.ts";
export { openTimestampAuthority } from "./timestamp-authority.ts";
export { openTransparencyLog } from "./transparency-log.ts";
export { type VerifiedImage, verifyImage } from "./verify-image.ts";
export type { GoodSignature } from "./verifier.ts";
