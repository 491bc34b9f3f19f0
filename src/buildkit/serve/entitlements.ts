/** What gives steps more of the machine: a client asks for it, and the server grants it by its own flag, as buildkitd does. */
import { type Entitlement, reachable, type Vertex } from "../../graph/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { SolveRequest } from "../wire/control_pb.ts";
import type { Service } from "./service.ts";

/** What a client asks for its steps. Throws `USAGE`, and `GrpcError` for what the server does not grant. */
export function askedOf({ readers, allow }: Pick<Service, "readers" | "allow">, { entitlements }: SolveRequest): readonly Entitlement[] {
  return entitlements.map((name) => {
    const wanted = readers.entitlement(name);
    const [kind = ""] = wanted.split("=");
    if (allow.includes(kind)) return wanted;
    throw new GrpcError(
      CODE.denied,
      `granting entitlement ${kind} is not allowed by the server's configuration\nStart it with: decant serve --allow-insecure-entitlement ${kind}`,
    );
  });
}

/** Throws `GrpcError` for a step that wants what its client does not ask for. Devices are checked by name when they are looked up. */
export function checkSteps(target: Vertex, asked: readonly Entitlement[]): void {
  for (const { op } of reachable(target)) {
    if (op.kind !== "exec") continue;
    if (op.network === "host") checkNetwork("host", asked);
    if (op.security === "insecure" && !asked.includes("security.insecure")) throw notAllowed("security.insecure");
  }
}

/** Throws `GrpcError` for the network of the machine where the client does not ask for it. */
export function checkNetwork(mode: string | undefined, asked: readonly Entitlement[]): void {
  if (mode === "host" && !asked.includes("network.host")) throw notAllowed("network.host");
}

function notAllowed(name: string): GrpcError {
  return new GrpcError(CODE.denied, `${name} is not allowed\nGive the client: --allow ${name}`);
}
