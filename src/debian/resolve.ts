/**
 * Which packages fit together: the wanted ones and everything they need, as dpkg's rules have it. What leaves no choice is settled first; then
 * alternatives are tried from left to right and versions from the highest. When something cannot be met, the search goes back to the last decision that
 * has to do with it. The same index and request give the same answer. Pure.
 */
import type { BinaryPackage } from "./binary-package.ts";
import { type Candidate, type Candidates, createCandidates, readCandidate } from "./candidates.ts";
import { type Choice, type Chosen, createChosen } from "./chosen.ts";
import type { Relation } from "./control.ts";
import { missingError, unmetError } from "./errors.ts";
import { chainOf, constraintsOf, explainNeed } from "./explain.ts";
import { nearNames } from "./near-name.ts";
import type { PackageIndex } from "./package-index.ts";
import type { Resolution, ResolveRequest } from "./resolution.ts";
import { brokenConstraint } from "./version.ts";

/** Choices in all; a request that has an answer takes hardly more than it has packages. */
const MAX_STEPS = 50_000;

/** Throws `DEBIAN_DEPENDENCY`, and `DEBIAN_ARCHIVE` for fields that cannot be read. */
export function resolvePackages(index: PackageIndex, request: ResolveRequest): Resolution {
  const candidates = createCandidates(index, request.architecture);
  const names = ownNames(index, candidates, request);
  const chosen = createChosen(request.architecture);
  const wanted = names.map((name): Need => ({ group: [{ name }], parent: undefined }));
  // After what is wanted: of alternatives that is taken which is there then.
  const needed: Need[] = [];
  for (const binary of request.present ?? []) {
    const choice: Choice = { candidate: readCandidate(binary), parent: undefined, decisions: new Set(), isPresent: true };
    chosen.add(choice);
    for (const group of choice.candidate.needs) needed.push({ group, parent: choice });
  }
  const search = new Search(candidates, chosen, request);
  const failure = search.extend({ queue: [...wanted, ...needed], open: [], depth: 0 });
  if (failure !== undefined) throw search.error(failure);
  return toResolution(names, chosen);
}

/**
 * The wanted packages by their own names: a virtual one is that of its only provider. Unknown names are reported all at once.
 */
function ownNames(index: PackageIndex, candidates: Candidates, { names, architecture, present = [] }: ResolveRequest): string[] {
  const missing: string[] = [];
  const virtual: string[] = [];
  const own = names.map((name) => {
    if (candidates.named(name).length > 0 || present.some((one) => one.name === name)) return name;
    const providers = index.providing(name).filter((one) => candidates.named(one).length > 0);
    const [only] = providers;
    if (only !== undefined && providers.length === 1) return only;
    missing.push(name);
    if (only !== undefined) virtual.push(`"${name}" is virtual and provided by ${providers.toSorted().slice(0, 10).join(", ")}`);
    return name;
  });
  if (missing.length === 0) return [...new Set(own)];
  throw missingError(missing, architecture, { virtual, near: virtual.length === 0 ? nearNames(index, missing) : "" });
}

interface Need {
  readonly group: readonly Relation[];
  readonly parent: Choice | undefined;
}

interface Failure {
  readonly need: Need;
  readonly text: string;
  /** The decisions that led to it: to change another one does not help. */
  readonly decisions: ReadonlySet<number>;
}

interface Work {
  /** Not looked at yet. */
  readonly queue: Need[];
  /** Could be met by several packages. */
  readonly open: Need[];
  /** Decisions made so far. */
  readonly depth: number;
}

class Search {
  readonly #candidates: Candidates;
  readonly #chosen: Chosen;
  readonly #request: ResolveRequest;
  readonly #ignored: ReadonlySet<string>;
  /** By package: what only that one is left without. */
  readonly #ignoredOf = new Map<string, Set<string>>();
  readonly #excluded: ReadonlySet<string>;
  #steps = 0;
  /** The first dead end, on the way that was preferred, tells most. */
  #first: Failure | undefined;

  constructor(candidates: Candidates, chosen: Chosen, request: ResolveRequest) {
    this.#candidates = candidates;
    this.#chosen = chosen;
    this.#request = request;
    this.#ignored = new Set(request.ignore?.filter((one) => typeof one === "string"));
    for (const one of request.ignore ?? []) {
      if (typeof one === "string") continue;
      this.#ignoredOf.set(one.package, new Set([...(this.#ignoredOf.get(one.package) ?? []), ...one.needs]));
    }
    this.#excluded = new Set(request.exclude);
  }

  /** Chooses until every need is met; `chosen` is as before when that fails. */
  extend({ queue, open, depth }: Work): Failure | undefined {
    const start = this.#chosen.size;
    for (let need = this.#next(queue, open); need !== undefined; need = this.#next(queue, open)) {
      const options = this.#options(need);
      const [only] = options;
      if (options.length > 1) {
        const failure = this.#decide(need, options, { queue, open, depth: depth + 1 });
        if (failure !== undefined) this.#chosen.shrink(start);
        return failure;
      }
      if (only === undefined) {
        const failure = this.#failure(need);
        this.#chosen.shrink(start);
        return failure;
      }
      queue.push(...this.#choose(only, need, this.#decisionsOf(need)));
    }
    return undefined;
  }

  /** The next need to act on: one that leaves no choice of a package if there is any, else the oldest. Met ones are dropped. */
  #next(queue: Need[], open: Need[]): Need | undefined {
    for (let need = queue.shift(); need !== undefined; need = queue.shift()) {
      if (this.#isMet(need)) continue;
      if (!this.#isChoice(need)) return need;
      open.push(need);
    }
    const unmet = open.filter((need) => !this.#isMet(need));
    open.splice(0, open.length, ...unmet);
    const at = open.findIndex((need) => !this.#isChoice(need));
    return open.splice(Math.max(at, 0), 1)[0];
  }

  #decide(need: Need, options: readonly Candidate[], work: Work): Failure | undefined {
    // Options that are not there are so because of these.
    const decisions = new Set(this.#decisionsOf(need));
    let last: Failure | undefined;
    for (const option of options) {
      const before = this.#chosen.size;
      const needs = this.#choose(option, need, new Set([work.depth]));
      const failure = this.extend({ queue: [...work.queue, ...needs], open: [...work.open], depth: work.depth });
      if (failure === undefined) return undefined;
      this.#chosen.shrink(before);
      if (!failure.decisions.has(work.depth)) return failure;
      last ??= failure;
      for (const decision of failure.decisions) if (decision !== work.depth) decisions.add(decision);
    }
    return last === undefined ? undefined : { ...last, decisions };
  }

  #choose(candidate: Candidate, need: Need, decisions: ReadonlySet<number>): Need[] {
    this.#steps += 1;
    if (this.#steps > MAX_STEPS && this.#first !== undefined) throw this.error(this.#first);
    const choice: Choice = { candidate, parent: need.parent, decisions, isPresent: false };
    this.#chosen.add(choice);
    return candidate.needs.map((group) => ({ group, parent: choice }));
  }

  #isMet({ group, parent }: Need): boolean {
    // A wanted name is wanted although it is ignored elsewhere.
    if (parent !== undefined && this.#isIgnored(group, parent)) return true;
    const [first] = group;
    if (parent === undefined && first !== undefined) return this.#chosen.find(first.name) !== undefined;
    return this.#chosen.meets(group);
  }

  #isIgnored(group: Need["group"], { candidate }: Choice): boolean {
    const own = this.#ignoredOf.get(candidate.binary.name);
    return group.some(({ name }) => this.#ignored.has(name) || own?.has(name) === true);
  }

  #isChoice(need: Need): boolean {
    const options = this.#options(need);
    return options.some(({ binary }) => binary.name !== options[0]?.binary.name);
  }

  #options(need: Need): readonly Candidate[] {
    return this.#all(need).filter((one) => this.#isAllowed(one.binary) && this.#chosen.obstacle(one) === undefined);
  }

  #isAllowed({ name, version }: BinaryPackage): boolean {
    return !this.#excluded.has(name) && brokenConstraint(version, constraintsOf(this.#request.versions ?? {}, name)) === undefined;
  }

  #all({ group, parent }: Need): readonly Candidate[] {
    // What is wanted is wanted by its own name.
    return parent === undefined ? group.flatMap(({ name }) => this.#candidates.named(name)) : this.#candidates.meeting(group);
  }

  /** What the options of a need depend on: why it is there, and why others are no options. */
  #decisionsOf(need: Need): ReadonlySet<number> {
    const decisions = new Set(need.parent?.decisions);
    for (const candidate of this.#all(need)) {
      for (const decision of this.#chosen.obstacle(candidate)?.choice.decisions ?? []) decisions.add(decision);
    }
    return decisions;
  }

  #failure(need: Need): Failure {
    const text = explainNeed(need.parent, need.group, this.#all(need), {
      candidates: this.#candidates,
      chosen: this.#chosen,
      excluded: this.#excluded,
      versions: this.#request.versions ?? {},
    });
    const failure: Failure = { need, text, decisions: this.#decisionsOf(need) };
    this.#first ??= failure;
    return failure;
  }

  error(last: Failure): Error {
    const { need, text } = this.#first ?? last;
    const chain = chainOf(need.parent);
    const wanted = chain[0] ?? need.group[0]?.name ?? "";
    const gaveUp = this.#steps > MAX_STEPS ? ` (and no other choice of packages was found in ${MAX_STEPS} steps)` : "";
    return unmetError(wanted, `${text}${gaveUp}`, {
      details: { chain, needs: need.group.map(({ name }) => name), architecture: this.#request.architecture },
    });
  }
}

function toResolution(names: readonly string[], chosen: Chosen): Resolution {
  const added = new Map(chosen.list().flatMap((choice) => (choice.isPresent ? [] : [[choice.candidate.binary.name, choice] as const])));
  const dependencies = [...added.keys()].filter((name) => !names.includes(name)).toSorted();
  const packages: BinaryPackage[] = [];
  const reasons = new Map<string, readonly string[]>();
  for (const name of [...names, ...dependencies]) {
    const choice = added.get(name);
    if (choice === undefined) continue;
    packages.push(choice.candidate.binary);
    reasons.set(name, chainOf(choice));
  }
  return { packages, reasons };
}
