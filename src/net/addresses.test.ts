import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createKnownZones, isInside, isLoopback, isNearer, zoneOfHost } from "./addresses.ts";

describe("zoneOfHost()", () => {
  const rows: readonly (readonly [host: string, want: string | undefined])[] = [
    ["localhost", "loopback"],
    ["LocalHost.", "loopback"],
    ["a.localhost", "loopback"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["0.0.0.0", "loopback"],
    ["[::1]", "loopback"],
    ["[::]", "loopback"],
    ["[::ffff:127.0.0.1]", "loopback"],
    ["[::ffff:7f00:1]", "loopback"],
    ["[64:ff9b::7f00:1]", "loopback"],
    ["[2002:7f00:1::]", "loopback"],
    ["169.254.169.254", "link-local"],
    ["[fe80::1]", "link-local"],
    ["[::ffff:169.254.169.254]", "link-local"],
    ["224.0.0.1", "link-local"],
    ["255.255.255.255", "link-local"],
    ["[ff02::1]", "link-local"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "private"],
    ["[fd00:ec2::254]", "private"],
    ["[64:ff9b::a00:1]", "private"],
    ["172.32.0.1", "public"],
    ["172.15.0.1", "public"],
    ["9.255.255.255", "public"],
    ["11.0.0.1", "public"],
    ["100.128.0.1", "public"],
    ["1.1.1.1", "public"],
    ["[2606:4700:4700::1111]", "public"],
    ["[64:ff9b::808:808]", "public"],
    ["[::ffff:8.8.8.8]", "public"],
    ["example.com", undefined],
    ["localhost.example.com", undefined],
    ["127.0.0.1.example.com", undefined],
  ];
  for (const [host, want] of rows) it(`${host} is ${want ?? "a name"}`, () => assert.equal(zoneOfHost(host), want));

  // What URL makes of them is what is asked.
  for (const text of ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://0177.0.0.1/", "http://①②⑦.0.0.1/"])
    it(`${text} is loopback`, () => assert.equal(zoneOfHost(new URL(text).hostname), "loopback"));
});

describe("createKnownZones()", () => {
  const url = new URL("https://reg.example:5000/x");

  it("takes what it does not know for a host of the internet", () => assert.equal(createKnownZones().of(url), "public"));

  it("knows addresses without a connection", () => assert.equal(createKnownZones().of(new URL("http://10.0.0.1/")), "private"));

  for (const addresses of [
    ["8.8.8.8", "127.0.0.1"],
    ["127.0.0.1", "8.8.8.8"],
  ]) {
    it(`counts the farthest: ${addresses.join(", then ")}`, () => {
      const zones = createKnownZones();
      for (const address of addresses) zones.note(url, address);
      assert.equal(zones.of(url), "public");
      assert.equal(zones.of(new URL("https://reg.example:5000/y")), "public");
    });
  }

  it("keeps hosts apart", () => {
    const zones = createKnownZones();
    zones.note(url, "10.0.0.1");
    assert.equal(zones.of(url), "private");
    assert.equal(zones.of(new URL("https://reg.example/x")), "public");
  });
});

describe("isNearer()", () => {
  const rows: readonly (readonly [zone: string, limit: string, want: boolean])[] = [
    ["public", "public", false],
    ["private", "public", true],
    ["loopback", "public", true],
    ["private", "private", false],
    ["link-local", "private", true],
    ["loopback", "private", true],
    ["private", "loopback", false],
    ["link-local", "loopback", false],
  ];
  for (const [zone, limit, want] of rows)
    it(`${zone} is ${want ? "" : "not "}nearer than ${limit}`, () => assert.equal(isNearer(zone as "public", limit as "public"), want));
});

describe("isInside()", () => {
  const rows: readonly (readonly [address: string, cidr: string, want: boolean])[] = [
    ["10.1.2.3", "10.0.0.0/8", true],
    ["11.1.2.3", "10.0.0.0/8", false],
    ["10.1.2.3", "10.1.2.3/32", true],
    ["10.1.2.3", "0.0.0.0/0", true],
    ["fd00::1", "fd00::/8", true],
    ["fd00::1", "10.0.0.0/8", false],
    ["10.1.2.3", "10.0.0.0/33", false],
    ["10.1.2.3", "10.0.0.0", false],
    ["host", "10.0.0.0/8", false],
  ];
  for (const [address, cidr, want] of rows) it(`${address} ${cidr}: ${want}`, () => assert.equal(isInside(address, cidr), want));
});

describe("isLoopback()", () => {
  const rows: readonly (readonly [host: string, want: boolean])[] = [
    ["localhost", true],
    ["localhost:5000", true],
    ["a.localhost:80", true],
    ["127.0.0.2:5000", true],
    ["[::1]:5000", true],
    ["[::1]", true],
    ["[::2]", false],
    ["localhost.example:5000", false],
    ["10.0.0.1", false],
  ];
  for (const [host, want] of rows) it(`${host}: ${want}`, () => assert.equal(isLoopback(host), want));
});
