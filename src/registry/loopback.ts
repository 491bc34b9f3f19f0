/** Which hosts are this machine: registries on them may speak plain HTTP without being declared insecure, as with docker. */

/** True for localhost, *.localhost, 127.0.0.0/8 and ::1; takes "host", "host:port", "[::1]" and "[::1]:port". */
export function isLoopback(host: string): boolean {
  const name = host.startsWith("[") ? host.slice(1, host.indexOf("]")) : host.replace(/:\d+$/, "");
  const lower = name.toLowerCase();
  return lower === "localhost" || lower.endsWith(".localhost") || lower === "::1" || /^127(?:\.\d{1,3}){3}$/.test(lower);
}
