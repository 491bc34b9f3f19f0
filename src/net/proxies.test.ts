import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { proxyFor, proxyVariables } from "./proxies.ts";

const PROXY = "http://proxy.example:3128";

describe("R6: proxyFor()", () => {
  const rows: readonly { readonly env: Readonly<Record<string, string>>; readonly url: string; readonly want: string | undefined }[] = [
    { env: { HTTPS_PROXY: PROXY }, url: "https://a.example/", want: PROXY },
    { env: { https_proxy: PROXY }, url: "https://a.example/", want: PROXY },
    { env: { HTTPS_PROXY: PROXY, https_proxy: "http://other:1" }, url: "https://a.example/", want: PROXY },
    { env: { HTTPS_PROXY: "", https_proxy: PROXY }, url: "https://a.example/", want: PROXY },
    { env: { HTTPS_PROXY: PROXY }, url: "http://a.example/", want: undefined },
    { env: { HTTP_PROXY: PROXY }, url: "http://a.example/", want: PROXY },
    { env: { http_proxy: PROXY }, url: "http://a.example/", want: PROXY },
    { env: { HTTP_PROXY: PROXY }, url: "https://a.example/", want: undefined },
    { env: { ALL_PROXY: PROXY }, url: "https://a.example/", want: PROXY },
    { env: { all_proxy: PROXY }, url: "http://a.example/", want: PROXY },
    { env: { ALL_PROXY: "http://other:1", HTTP_PROXY: PROXY }, url: "http://a.example/", want: PROXY },
    { env: { HTTP_PROXY: "proxy.example:3128" }, url: "http://a.example/", want: PROXY },
    { env: { HTTP_PROXY: "proxy.example" }, url: "http://a.example/", want: "http://proxy.example" },
    { env: { HTTP_PROXY: "https://proxy.example" }, url: "http://a.example/", want: "https://proxy.example" },
    { env: { ALL_PROXY: "socks5h://proxy.example:1080" }, url: "http://a.example/", want: "socks5h://proxy.example:1080" },
    // This machine is asked directly, as Go does.
    { env: { HTTP_PROXY: PROXY }, url: "http://localhost:5000/", want: undefined },
    { env: { HTTP_PROXY: PROXY }, url: "http://127.0.0.2/", want: undefined },
    { env: { HTTP_PROXY: PROXY }, url: "http://[::1]:80/", want: undefined },
    { env: { HTTP_PROXY: PROXY }, url: "http://10.0.0.1/", want: PROXY },
  ];
  for (const { env, url, want } of rows)
    it(`${url} by ${JSON.stringify(env)}`, () => assert.equal(proxyFor(new URL(url), env)?.shown, want));

  for (const value of ["http://:x", "ftp://me:s3cret@proxy", "socks4://proxy:1"]) {
    it(`refuses ${value}, without showing a password`, () => {
      assert.throws(
        () => proxyFor(new URL("http://a.example/"), { http_proxy: value }),
        (error: Error) => error.message.startsWith("Cannot use the proxy of HTTP_PROXY: ") && !/s3cret/.test(inspect(error)),
      );
    });
  }

  it("keeps the password for the proxy alone, and shows it nowhere", () => {
    const proxy = proxyFor(new URL("http://a.example/"), { HTTP_PROXY: "http://me:s%33cret@proxy.example:3128" });
    assert.deepEqual(proxy?.login?.(), { username: "me", password: "s3cret" });
    assert.equal(proxy?.shown, PROXY);
    assert.doesNotMatch(inspect(proxy, { depth: 9 }), /s3cret|s%33cret/);
  });
});

it("proxyVariables() gives the same in lower case, for curl and git", () => {
  const env = { HTTP_PROXY: " a ", http_proxy: "b", https_proxy: "c", ALL_PROXY: "", NO_PROXY: "d", PATH: "e" };
  assert.deepEqual(proxyVariables(env), { http_proxy: "a", https_proxy: "c", no_proxy: "d,localhost,127.0.0.0/8,127.0.0.1,::1" });
  assert.deepEqual(proxyVariables({ NO_PROXY: "d" }), {});
});

describe("R6: NO_PROXY", () => {
  const rows: readonly { readonly list: string; readonly direct: readonly string[]; readonly proxied: readonly string[] }[] = [
    { list: "", direct: [], proxied: ["a.example"] },
    { list: "*", direct: ["a.example", "10.0.0.1", "[fd00::1]"], proxied: [] },
    { list: "b.example, *", direct: ["a.example"], proxied: [] },
    { list: "example.com", direct: ["example.com", "a.example.com", "A.Example.Com", "example.com."], proxied: ["anexample.com", "com"] },
    { list: ".example.com", direct: ["a.example.com", "b.a.example.com"], proxied: ["example.com", "anexample.com"] },
    { list: "*.example.com", direct: ["a.example.com"], proxied: ["example.com"] },
    { list: "EXAMPLE.com.", direct: ["example.com"], proxied: [] },
    { list: "example.com:8080", direct: ["example.com:8080", "a.example.com:8080"], proxied: ["example.com", "example.com:80"] },
    { list: "example.com:443", direct: [], proxied: ["example.com"] },
    { list: "example.com:80", direct: ["example.com"], proxied: ["example.com:81"] },
    { list: "10.0.0.0/8", direct: ["10.1.2.3", "10.1.2.3:5000"], proxied: ["11.0.0.1", "10.example"] },
    { list: "10.1.2.3", direct: ["10.1.2.3"], proxied: ["10.1.2.4", "110.1.2.3"] },
    { list: "10.1.2.3:5000", direct: ["10.1.2.3:5000"], proxied: ["10.1.2.3"] },
    { list: "fd00::/8", direct: ["[fd00::1]", "[fd00::1]:80"], proxied: ["[fe00::1]"] },
    { list: "fd00::1", direct: ["[fd00:0::1]"], proxied: ["[fd00::2]"] },
    { list: "FD00:0:0::1", direct: ["[fd00::1]"], proxied: [] },
    { list: "[fd00::1]:5000", direct: ["[fd00::1]:5000"], proxied: ["[fd00::1]"] },
    { list: "a.example b.example,,c.example", direct: ["a.example", "b.example", "c.example"], proxied: ["d.example"] },
    { list: "10.0.0.0/99, a/b", direct: [], proxied: ["10.0.0.1"] },
  ];
  for (const { list, direct, proxied } of rows) {
    it(JSON.stringify(list), () => {
      const through = (host: string): boolean => proxyFor(new URL(`http://${host}/`), { HTTP_PROXY: PROXY, NO_PROXY: list }) !== undefined;
      assert.deepEqual(
        [...direct, ...proxied].filter((host) => through(host)),
        proxied,
      );
    });
  }
});
