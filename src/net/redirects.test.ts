import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { basicAuthority, createAuthority, splitUserInfo } from "./authority.ts";
import { type Answer, followRedirects, type Journey } from "./redirects.ts";

const HOME = new URL("https://reg.example/a");

/** Follows `locations` one after the other; gives each request as "URL: Authorization", the last with "!" where it has strayed. */
async function walk(
  locations: readonly string[],
  options: Partial<Journey<Answer>> & { readonly status?: number } = {},
): Promise<string[]> {
  const left = [...locations];
  const seen: string[] = [];
  const { strayed } = await followRedirects<Answer>({
    method: "GET",
    url: HOME,
    authority: createAuthority(HOME, "secret"),
    refuse: (from, state) => new Error(`${from.href}: ${state}`),
    ...options,
    send({ url, authorization }) {
      seen.push(`${url.href}: ${authorization ?? "-"}`);
      const location = left.shift();
      const status = location === undefined ? 200 : (options.status ?? 307);
      return Promise.resolve({ status, header: () => location, discard() {} });
    },
  });
  return strayed ? seen.with(-1, `${seen.at(-1)} !`) : seen;
}

describe("followRedirects()", () => {
  const start = "https://reg.example/a: secret";
  const rows: readonly { readonly name: string; readonly to: readonly string[]; readonly want: readonly string[] }[] = [
    { name: "keeps the secret for a path", to: ["/b?c=d"], want: ["https://reg.example/b?c=d: secret"] },
    { name: "keeps it for a relative path", to: ["b"], want: ["https://reg.example/b: secret"] },
    { name: "knows the same origin written otherwise", to: ["HTTPS://REG.example:443/b"], want: ["https://reg.example/b: secret"] },
    { name: "drops it for another host", to: ["https://other.example/b"], want: ["https://other.example/b: - !"] },
    { name: "drops it for another host without a scheme", to: ["//other.example/b"], want: ["https://other.example/b: - !"] },
    { name: "drops it for a subdomain", to: ["https://cdn.reg.example/b"], want: ["https://cdn.reg.example/b: - !"] },
    { name: "drops it for a parent domain", to: ["https://example/b"], want: ["https://example/b: - !"] },
    { name: "drops it for a name with a dot at its end", to: ["https://reg.example./b"], want: ["https://reg.example./b: - !"] },
    { name: "drops it for another port", to: ["https://reg.example:8443/b"], want: ["https://reg.example:8443/b: - !"] },
    {
      name: "does not use it again at its origin, once it was away",
      to: ["https://other.example/b", "https://reg.example/c"],
      want: ["https://other.example/b: -", "https://reg.example/c: - !"],
    },
    {
      name: "drops it at the second of two redirects",
      to: ["/b", "https://other.example/c", "/d"],
      want: ["https://reg.example/b: secret", "https://other.example/c: -", "https://other.example/d: - !"],
    },
    { name: "takes no user of a Location", to: ["https://me:pw@other.example/b"], want: ["https://other.example/b: - !"] },
    { name: "takes no user of a Location of its own origin", to: ["https://me:pw@reg.example/b"], want: ["https://reg.example/b: secret"] },
  ];
  for (const { name, to, want } of rows) {
    it(`R1: ${name}`, async () => assert.deepEqual(await walk(to), [start, ...want]));
  }

  it("R1: drops it where only the scheme changes, from http to https", async () => {
    const url = new URL("http://reg.example:5000/a");
    assert.deepEqual(await walk(["https://reg.example:5000/a"], { url, authority: createAuthority(url, "secret") }), [
      "http://reg.example:5000/a: secret",
      "https://reg.example:5000/a: - !",
    ]);
  });

  it("R1: sends none to an address that a stranger gave, not even at its origin", async () => {
    assert.deepEqual(await walk([], { strayed: true }), ["https://reg.example/a: - !"]);
  });

  it("R1: sends none to an address that is not of its origin", async () => {
    assert.deepEqual(await walk([], { url: new URL("https://other.example/") }), ["https://other.example/: -"]);
  });

  const refused: readonly {
    readonly name: string;
    readonly to: readonly string[];
    readonly options?: Parameters<typeof walk>[1];
    readonly want: RegExp;
  }[] = [
    { name: "from https to http", to: ["http://reg.example/b"], want: /from https to plain http on "reg\.example"/ },
    {
      name: "from https to http, later",
      to: ["https://other.example/", "http://other.example/"],
      want: /other\.example\/: it leads from https/,
    },
    { name: "to another protocol", to: ["file:///etc/passwd"], want: /leads to "file:"/ },
    { name: "to nowhere", to: ["https://:x"], want: /does not say where to/ },
    { name: "more than ten times", to: Array.from({ length: 11 }, (_, at) => `/${at}`), want: /more than 10 others/ },
    { name: "of a POST to a GET", to: ["/b"], options: { method: "POST", status: 302 }, want: /status 302 would turn POST into GET/ },
    { name: "of a request that stays home", to: ["https://other.example/"], options: { staysHome: true }, want: /no business with this/ },
  ];
  for (const { name, to, options, want } of refused) it(`R1: refuses a redirect ${name}`, () => assert.rejects(walk(to, options), want));
});

describe("An authority", () => {
  const authority = basicAuthority(new URL("https://reg.example/x"), "me", "pa:ss");

  it("shows no secret when it is printed", () => {
    assert.doesNotMatch(JSON.stringify(authority) + inspect(authority, { showHidden: true }), /pa:ss|bWU6cGE6c3M/);
  });

  it("hides user and password in all forms", () => {
    assert.equal(authority.hide("Basic bWU6cGE6c3M=, bWU6cGE6c3M=, me:pa:ss, pa:ss, me"), "…, …, …, …, me");
  });

  it("is made of the user information of a URL, which loses it", () => {
    const { url, authority: own } = splitUserInfo(new URL("https://m%20e:p%40%@reg.example/x?y"));
    assert.equal(url.href, "https://reg.example/x?y");
    assert.equal(own?.headerFor(url), `Basic ${Buffer.from("m e:p%40%").toString("base64")}`);
    assert.equal(splitUserInfo(url).authority, undefined);
  });
});
