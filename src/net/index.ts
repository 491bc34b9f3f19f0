/** The network: the only room that opens sockets. */
export { isLoopback } from "./addresses.ts";
export { type Authority, basicAuthority, createAuthority, hiding, splitUserInfo } from "./authority.ts";
export { download, type DownloadFailure, type DownloadRequest, type UseDownload } from "./download.ts";
export { cleanText, type Fail, type NetFailure, safeUrl } from "./failures.ts";
export { createNetwork, type NetRequest, type NetResponse, type Network, type NetworkOptions } from "./network.ts";
export { proxyVariables } from "./proxies.ts";
export { linkProblem } from "./redirects.ts";
export { type Clock, IMPATIENT, isTransientStatus, parseRetryAfter, type Retries, type RetryPolicy, retrying } from "./retry.ts";
export type { RequestBody } from "./send-body.ts";
