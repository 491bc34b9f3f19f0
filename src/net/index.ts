/** The network: the only room that opens sockets. */
export { isLoopback } from "./addresses.ts";
export { type Authority, basicAuthority, createAuthority, hiding, splitUserInfo } from "./authority.ts";
export { download, type DownloadFailure } from "./download.ts";
export { cleanText, type NetFailure, safeUrl } from "./failures.ts";
export { connectDaemon, type DaemonConnection, type DaemonPlace, type DaemonTls } from "./daemon-connection.ts";
export { openDuplex, upgradeDuplex } from "./duplex.ts";
export { type HostsAddress, hostsAddresses, type HostsFile, readHostsFiles } from "./hosts-toml.ts";
export { createNetwork, type NetRequest, type NetResponse, type Network } from "./network.ts";
export { proxyVariables } from "./proxies.ts";
export { linkProblem } from "./redirects.ts";
export { IMPATIENT, isTransientStatus, parseRetryAfter, type Retries, retrying } from "./retry.ts";
export type { RequestBody } from "./send-body.ts";
