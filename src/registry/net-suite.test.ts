import { CONTENT, netSuite } from "../../test/support/net-suite.ts";
import { collect } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { given } from "../given.ts";
import { createRegistryClient } from "./client.ts";
import { EMPTY_REGISTRIES } from "./testdata/support.ts";

const DIGEST = sha256(CONTENT);

netSuite({
  name: "registries",
  codes: { unreachable: "REGISTRY_UNREACHABLE", busy: "REGISTRY", forbidden: "REGISTRY" },
  path: `/v2/team/app/blobs/${DIGEST}`,
  async read(origin, network, signal) {
    const registry = new URL(origin).host;
    // Names that are not of this machine may be asked by http only where the user says so.
    const entry = {
      prefix: registry,
      location: registry,
      insecure: true,
      blocked: false,
      mirrorByDigestOnly: false,
      mirrors: [],
      file: "x",
    };
    const client = createRegistryClient({
      network,
      credentials: () => Promise.resolve(undefined),
      config: { ...EMPTY_REGISTRIES, registries: [entry] },
    });
    const descriptor = { digest: DIGEST, size: Buffer.byteLength(CONTENT) };
    const options = given({ signal });
    return String(await collect(client.blob({ registry, repository: "team/app" }, descriptor, options), 1_000_000));
  },
});
