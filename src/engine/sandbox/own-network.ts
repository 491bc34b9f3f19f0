/**
 * A network of their own for steps, who reach others through this machine, and whose published ports are reached at this machine. A program of the
 * host translates: pasta, else slirp4netns. It ends with this process, whatever happens to it.
 */
import { connect } from "node:net";
import { join } from "node:path";
import { delay } from "../../async.ts";
import { findTool, isRootHere, makeTemporaryFolder, readNamedFile, type RunningProcess, startProcess } from "../../sys/index.ts";
import { given } from "../../given.ts";
import { networkFailed, type NetworkPurpose, noLoopbackProgram, noNetworkProgram } from "./errors.ts";
import { hasIPv4Server, hostAddress, hostResolvConf } from "./network-files.ts";
import type { ForwardedPort, NetworkWishes } from "./types.ts";

/** A network that works until it is disposed. */
interface OwnNetwork extends AsyncDisposable {
  /** Where the host's name servers answer. Absent: each at its own address. */
  readonly nameserver?: string;
}

/** An empty network namespace. */
export interface NetworkNamespace {
  /** A file of it, as this process reaches it. */
  readonly path: string;
  /** The user namespace that it belongs to, where that is not ours. */
  readonly users?: string;
  /** A file of it, as runtimes reach it. */
  readonly inside: string;
}

interface Surroundings {
  readonly namespace: NetworkNamespace;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Linked to nothing, so that it is no address of anybody. */
const PASTA_NAMESERVER = "169.254.1.1";
const SLIRP_NAMESERVER = "10.0.2.3";
/** No address of this machine, so that those lead to it: steps reach what listens at all of its addresses, as they do with docker. */
const PASTA_ADDRESS = ["-a", "10.0.2.100", "-n", "24", "-g", "10.0.2.2"];
/** $0: the namespace, which pasta takes by its standard input: it gives up its right to look at other processes. The kernel ends it with us. */
const START_SCRIPT = `exec setpriv --pdeathsig KILL -- "$@" <"$0"`;
const PAUSE_MS = 10;
const MAX_SAID_BYTES = 65_536;

/** Joins the namespace to this machine. Throws `NOT_FOUND` without a program that can, `RUNTIME` for one that fails, and the signal's reason. */
export async function openNetwork({ ports = [], loopbackPorts = [] }: NetworkWishes, surroundings: Surroundings): Promise<OwnNetwork> {
  const { env, namespace } = surroundings;
  const purpose = ports.length > 0 ? "ports" : "network";
  const [pasta, slirp] = [findTool("pasta", env), findTool("slirp4netns", env)];
  if (pasta === undefined && slirp === undefined) throw noNetworkProgram(purpose);
  if (pasta === undefined && loopbackPorts.length > 0) throw noLoopbackProgram(loopbackPorts);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(makeTemporaryFolder("network"));
  const start = (argv: readonly string[], isReady: () => Promise<boolean>): Promise<void> =>
    untilReady(stack, argv, isReady, { ...surroundings, purpose });
  // pasta knows one server for each version of IP, and changes the address of what that says.
  const nameserver = pasta === undefined ? SLIRP_NAMESERVER : hasIPv4Server(hostResolvConf()) ? PASTA_NAMESERVER : undefined;
  if (pasta !== undefined) {
    const file = join(folder.path, "pid");
    const argv = [pasta, ...pastaArguments({ ports, loopbackPorts }, { namespace, nameserver }), "--pid", file];
    await start([...argv, "--netns", "/proc/self/fd/0"], () => hasText(file));
  } else if (slirp !== undefined) {
    const socket = join(folder.path, "api");
    const how = ["--configure", "--mtu=65520", "--disable-host-loopback", "--netns-type=path", `--api-socket=${socket}`];
    const users = namespace.users === undefined ? [] : [`--userns-path=${namespace.users}`];
    await start(
      [slirp, ...how, ...users, namespace.path, "tap0"],
      async () => (await ask(socket, { execute: "list_hostfwd" })) !== undefined,
    );
    for (const port of ports) await forward(socket, port);
  }
  const resources = stack.move();
  return { ...given({ nameserver }), [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Without the last of these it would publish what listens in one of the networks in the other. */
function pastaArguments(
  { ports, loopbackPorts }: Required<NetworkWishes>,
  { namespace: { users }, nameserver }: { readonly namespace: NetworkNamespace; readonly nameserver: string | undefined },
): string[] {
  const of = (flag: string, protocol: string): string[] => {
    const wanted = ports.filter((one) => one.protocol === protocol);
    return (wanted.length === 0 ? ["none"] : wanted.map(pastaPort)).flatMap((text) => [flag, text]);
  };
  const owner = [...(users === undefined ? ["--netns-only"] : ["--userns", users]), ...(isRootHere() ? ["--runas", "0"] : [])];
  const names = nameserver === undefined ? [] : ["--dns-forward", nameserver];
  const address = hostAddress() === undefined ? [] : PASTA_ADDRESS;
  const how = ["--config-net", "--foreground", "--quiet", ...owner, "--no-map-gw", ...names, ...address];
  const back = loopbackPorts.length === 0 ? ["none"] : loopbackPorts.map(String);
  return [...how, ...of("-t", "tcp"), ...of("-u", "udp"), ...back.flatMap((port) => ["-T", port]), "-U", "none"];
}

function pastaPort({ hostIp, hostPort, containerPort }: ForwardedPort): string {
  return `${hostIp === undefined ? "" : `${hostIp}/`}${hostPort}:${containerPort}`;
}

/** Starts the program, and ends it with `stack`. */
async function untilReady(
  stack: AsyncDisposableStack,
  argv: readonly [program: string, ...rest: string[]] | readonly string[],
  isReady: () => Promise<boolean>,
  { namespace, signal, purpose }: Surroundings & { readonly purpose: NetworkPurpose },
): Promise<void> {
  const child = startProcess({
    argv: ["/bin/sh", "-c", START_SCRIPT, namespace.path, ...argv],
    stdio: { stdout: "ignore" },
    // A terminal's Ctrl-C is for the container, which may answer by its ports until it has ended.
    ownGroup: true,
  });
  stack.defer(async () => {
    child.kill("SIGKILL");
    await child.exit.catch(() => undefined);
  });
  const end = { reached: false };
  const said = textOf(child);
  const ended = child.exit.finally(() => {
    end.reached = true;
  });
  ended.catch(() => undefined);
  while (!(await isReady())) {
    signal.throwIfAborted();
    if (end.reached) {
      await ended;
      throw networkFailed(purpose, argv[0]?.split("/").at(-1) ?? "", lastWords(await said));
    }
    await delay(PAUSE_MS);
  }
}

async function textOf({ stderr }: RunningProcess): Promise<string> {
  let said = "";
  for await (const chunk of stderr) if (said.length < MAX_SAID_BYTES) said += Buffer.from(chunk).toString("utf8");
  return said;
}

/** What is wrong comes last; complaints about a missing syslog come between. */
function lastWords(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "" && !/bytes to syslog/.test(line));
  return lines.at(-1)?.trim() ?? "";
}

async function hasText(path: string): Promise<boolean> {
  const read = await readNamedFile({ path }, { maxBytes: 64 });
  return "bytes" in read && read.bytes.byteLength > 0;
}

/** slirp4netns speaks JSON over a socket; it takes one port of one address at a time. */
async function forward(socket: string, { hostIp, hostPort, containerPort, protocol }: ForwardedPort): Promise<void> {
  const answer = await ask(socket, {
    execute: "add_hostfwd",
    arguments: { proto: protocol, host_addr: hostIp ?? "0.0.0.0", host_port: hostPort, guest_port: containerPort },
  });
  if (answer === undefined || /"error"/.test(answer))
    throw networkFailed("ports", "slirp4netns", `port ${hostPort}: ${answer ?? "no answer"}`);
}

/** One request; undefined where nobody listens. */
async function ask(path: string, request: object): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect(path);
  let answer = "";
  socket.setEncoding("utf8");
  socket.once("error", () => resolve(undefined));
  socket.on("data", (text: string) => {
    answer += text;
  });
  socket.once("end", () => resolve(answer));
  socket.end(JSON.stringify(request));
  return await promise;
}
