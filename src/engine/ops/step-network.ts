/** The network of a step: what it wishes, else one of its own behind this machine, else that of this machine, which a warning says. */
import type { ExecOp } from "../../graph/index.ts";
import type { Sandbox, SandboxStep } from "../sandbox/index.ts";
import type { EngineContext } from "../types.ts";

type StepNetworkOptions = Pick<SandboxStep, "network" | "networkPath" | "nameserver">;

const PROXIES = new Set(["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY"]);
const USUAL_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };
const SOCKS_PORT = 1080;
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** What programs say of a port where nobody listens, with the address. */
const REFUSED =
  /(?:ECONNREFUSED|[Cc]onnection refused|[Cc]ould(?: not|n't) connect|[Ff]ailed to connect)[^\n]*(?:127\.0\.0\.1|localhost|::1)|(?:127\.0\.0\.1|localhost|::1)[^\n]*(?:ECONNREFUSED|[Cc]onnection refused)/;
const LOOPBACK_HINT =
  "Steps have a network of their own, where 127.0.0.1 and localhost are the step itself. For what listens on the loopback of this machine: RUN --network=host, or decant build --network=host";

/** The network that a step gets. The first one that needs it opens that of the build. */
export async function networkOf({ network, meta }: ExecOp, sandbox: Sandbox, context: EngineContext): Promise<StepNetworkOptions> {
  if (network !== "sandbox") return { network };
  if (context.defaultNetwork !== "default") return { network: context.defaultNetwork };
  const usual = await sandbox.usualNetwork(proxyPorts([...meta.env, ...meta.proxyEnv]));
  if (usual.network === "own") return usual;
  const { lack } = usual;
  if (lack !== undefined) {
    const remedy = lack.hint === undefined ? "" : ` (${lack.hint})`;
    context.warn("HostNetwork", `Steps are on the network of this machine and reach its loopback: ${lack.message}${remedy}`, undefined);
  }
  return { network: "host" };
}

/** Begins to open the network of a step, while other things that it needs are made. */
export function startNetwork(op: ExecOp, sandbox: Sandbox, { defaultNetwork }: EngineContext): void {
  // Whoever awaits it sees a failure; other failures may come first.
  if (op.network === "sandbox" && defaultNetwork === "default")
    sandbox.usualNetwork(proxyPorts([...op.meta.env, ...op.meta.proxyEnv])).catch(() => undefined);
}

/** The hint for a step that looked for something on its own loopback, and found nobody. */
export function loopbackHint({ network }: StepNetworkOptions, logTail: string): string | undefined {
  return network === "own" && REFUSED.test(logTail) ? LOOPBACK_HINT : undefined;
}

/** TCP ports of proxies on the loopback of this machine, by lines of an environment, in order. */
function proxyPorts(env: readonly string[]): number[] {
  const ports = env.flatMap((line) => {
    const at = line.indexOf("=");
    return PROXIES.has(line.slice(0, at).toUpperCase()) ? (proxyPort(line.slice(at + 1)) ?? []) : [];
  });
  return [...new Set(ports)].toSorted((a, b) => a - b);
}

function proxyPort(value: string): number | undefined {
  const text = value.trim();
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || !LOOPBACK.test(url.hostname)) return undefined;
  return url.port === "" ? (USUAL_PORTS[url.protocol] ?? SOCKS_PORT) : Number(url.port);
}
