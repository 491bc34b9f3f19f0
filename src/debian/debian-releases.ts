/** Debian's releases by code name: what does not change any more, and is known without asking an archive. Data only. */

/** One release. */
interface DebianRelease {
  /** "trixie" */
  readonly codename: string;
  /** "13" */
  readonly version: string;
  /** /bin, /sbin and /lib are links into /usr, and no package has files elsewhere: since Debian 13. */
  readonly hasMergedUsr: boolean;
}

const RELEASES: readonly DebianRelease[] = [
  { codename: "buster", version: "10", hasMergedUsr: false },
  { codename: "bullseye", version: "11", hasMergedUsr: false },
  { codename: "bookworm", version: "12", hasMergedUsr: false },
  { codename: "trixie", version: "13", hasMergedUsr: true },
  { codename: "forky", version: "14", hasMergedUsr: true },
];

/** The release of a code name ("trixie") or a version ("13"); undefined for others, which are unreleased or older than all of these. */
export function debianRelease(name: string): DebianRelease | undefined {
  return RELEASES.find(({ codename, version }) => codename === name || version === name);
}
