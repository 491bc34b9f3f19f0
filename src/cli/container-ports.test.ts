import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { formatPort, parsePublish } from "./container-ports.ts";

describe("F7: parsePublish()", () => {
  const rows: readonly (readonly [text: string, want: string])[] = [
    ["80", "0.0.0.0:0->80/tcp"],
    ["8080:80", "0.0.0.0:8080->80/tcp"],
    ["8080:80/udp", "0.0.0.0:8080->80/udp"],
    ["127.0.0.1:8080:80", "127.0.0.1:8080->80/tcp"],
    ["127.0.0.1::80", "127.0.0.1:0->80/tcp"],
    ["[::1]:8080:80", "[::1]:8080->80/tcp"],
    ["8000-8001:90-91", "0.0.0.0:8000->90/tcp 0.0.0.0:8001->91/tcp"],
    ["90-91", "0.0.0.0:0->90/tcp 0.0.0.0:0->91/tcp"],
  ];
  for (const [text, want] of rows) it(`reads ${text}`, () => assert.equal(parsePublish(text).map(formatPort).join(" "), want));

  const refused: readonly (readonly [text: string, want: RegExp])[] = [
    ["", /wanted \[\[ADDRESS/],
    ["a:80", /wanted \[\[ADDRESS/],
    ["1.2.3:8080:80", /"1\.2\.3" is no address/],
    ["[::g]:8080:80", /"::g" is no address/],
    ["8080:80/sctp", /"sctp" is neither tcp nor udp/],
    ["0:80", /ports are numbers from 1 to 65535/],
    ["8080:65536", /ports are numbers from 1 to 65535/],
    ["8001-8000:80-81", /the range 8001-8000 is empty/],
    ["8000-8002:80-81", /its ranges are of different sizes/],
  ];
  for (const [text, want] of refused)
    it(`refuses "${text}"`, () => {
      assert.throws(
        () => parsePublish(text),
        (error) => isDecantError(error, "USAGE") && want.test(error.message),
      );
    });
});
