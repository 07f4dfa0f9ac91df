/** What a version is called if nobody says: what is different, in a line. */
import type { Difference } from "@/graph/diff";
import { isMeaningful } from "@/graph/diff";
import { sidesOf } from "./sides";

/** As `i18next.t` translates. */
export type Translate = (key: string, params?: Record<string, string | number>) => string;

/** Differences a line names before it counts. */
const NAMED = 2;

/** What is the most news first. */
const ORDER: readonly Difference["kind"][] = [
  "value",
  "nodeAdded",
  "nodeRemoved",
  "rewired",
  "mode",
  "graphAdded",
  "graphRemoved",
  "interface",
  "function",
  "retitled",
];

export function messageOf(differences: readonly Difference[], t: Translate): string {
  const said = differences.filter((one) => isMeaningful(one) || one.kind === "retitled");
  // Seeds move on with every run: they are news only where nothing else is.
  const isQuiet = said.some((one) => !isSeed(one));
  const named = said
    .filter((one) => !isQuiet || !isSeed(one))
    // A node that came brings its links along.
    .filter((one) => one.kind !== "rewired" || !isNew(one, differences))
    .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  if (named.length === 0) return differences.length === 0 ? "" : t("versions:message.layout");
  const parts = named.slice(0, NAMED).map((one) => textOf(one, t));
  const rest = named.length - parts.length;
  return [...parts, ...(rest > 0 ? [t("versions:message.more", { count: rest })] : [])].join(", ");
}

function isSeed(one: Difference): boolean {
  return one.kind === "value" && /(^|_)seed$/.test(one.input);
}

function isNew(one: Difference & { readonly kind: "rewired" }, all: readonly Difference[]): boolean {
  return all.some(
    (other) =>
      (other.kind === "nodeAdded" && other.graph === one.graph && other.node === one.node) ||
      (other.kind === "nodeRemoved" && one.to === null && other.graph === one.graph),
  );
}

function textOf(one: Difference, t: Translate): string {
  const [from, to] = sidesOf(one, 24);
  const nothing = t("versions:nothing");
  return t(`versions:message.${one.kind}`, {
    title: one.title,
    input: "input" in one ? one.input : "",
    from: from ?? nothing,
    to: to ?? nothing,
  });
}
