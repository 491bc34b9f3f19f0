/** What this machine lets builds do. */
import { openSession, type StoreOptions } from "../context/index.ts";
import { examineMachine as examine, type MachinePoint } from "../engine/index.ts";
import { gzipEncoder } from "../tree/index.ts";
import { EXAMINE } from "./options/containers.ts";
import { checkOptions } from "./options/shape.ts";

/**
 * Looks at this machine for builds in the local store: namespaces, ids, runtimes, cgroups, filters, disk, emulators, encoders. A runtime is started.
 * What is missing is a point of the list, not an error.
 */
export async function examineMachine(options: StoreOptions = {}): Promise<MachinePoint[]> {
  checkOptions(EXAMINE, options);
  await using session = await openSession(options);
  const encoder = await gzipEncoder(undefined);
  const gzip: MachinePoint =
    encoder === "isal"
      ? { name: "gzip", state: "good", text: "ISA-L compresses layers" }
      : { name: "gzip", state: "limited", text: "zlib compresses layers", remedy: "For more speed: apt-get install libisal2" };
  return [...(await examine(session.store, session.env)), gzip];
}
