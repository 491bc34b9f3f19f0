/** What registries and other servers say: challenges, redirects, links to the next page, times to wait, errors; and names of images. */
import { familiarName, formatReference, parseReference } from "../../../src/oci/index.ts";
import { basicAuthority, cleanText, parseRetryAfter, safeUrl } from "../../../src/net/index.ts";
import { followRedirects } from "../../../src/net/redirects.ts";
import { DecantError } from "../../../src/errors.ts";
import { parseAuthFile } from "../../../src/registry/auth-file.ts";
import { parseChallenge } from "../../../src/registry/challenge.ts";
import { maskUrlSecrets } from "../../../src/url-secrets.ts";
import { holds, textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const PIECES = [
  "Bearer ",
  "Basic ",
  'realm="https://a/t"',
  'service="x"',
  'scope="repository:a:pull"',
  ",",
  "=",
  '"',
  "\\",
  " ",
  "\t",
  "https://",
  "http://",
  "home.example",
  "evil.example",
  "@",
  ":",
  "/",
  "//",
  "user:password@",
  "?",
  "#",
  "..",
  "[::1]",
  ":443",
  ":99999",
  "file:///etc/passwd",
  "javascript:",
  "<",
  ">",
  '; rel="next"',
  "%2f",
  "%",
  "\0",
  "\r\n",
  "é",
  "😀",
  "-1",
  "120",
  "Sun, 01 Mar 2026 00:00:00 GMT",
  "docker.io",
  "library/",
  "sha256:",
  "a".repeat(64),
  "A",
  "_",
  '{"auths":{"',
  '":{"auth":"YTpi"}}}',
  "localhost:5000/",
] as const;

export const REGISTRY: Target = {
  name: "registry-answers",
  generate: (random) => textOf(random, PIECES, 12),
  async check(input, { random }) {
    const text = input.toString("utf8");
    const home = new URL(random.pick(["https://home.example/v2/", "http://home.example/v2/"]));
    await each(
      () => parseChallenge(text),
      () => parseRetryAfter(text, 0),
      () => cleanText(text),
      () => safeUrl(URL.parse(text) ?? home),
      () => maskUrlSecrets(text),
      () => parseAuthFile(text, "config.json"),
      () => {
        const reference = parseReference(text);
        const again = parseReference(formatReference(reference));
        holds(
          formatReference(again) === formatReference(reference) && familiarName(again) === familiarName(reference),
          "a name reads back",
        );
        holds(!/\.\.|\0|\s|%/.test(reference.repository), "a repository is a safe path");
      },
      async () => {
        let sent = 0;
        await followRedirects({
          method: random.pick(["GET", "POST"]),
          url: home,
          authority: basicAuthority(home, "user", "password"),
          refuse: (_, state) => new DecantError("REGISTRY", state),
          send: ({ url, authorization }) => {
            sent += 1;
            holds(authorization === undefined || url.origin === home.origin, "credentials go to their origin only");
            holds(home.protocol === "http:" || url.protocol === "https:", "https never becomes http");
            holds(sent < 20, "redirects end");
            const status = sent === 1 || random.chance(0.5) ? random.pick([301, 302, 307, 308]) : 200;
            return Promise.resolve({ status, header: () => text, discard: () => undefined });
          },
        });
      },
    );
  },
};
