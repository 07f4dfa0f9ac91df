/** For tests: a server of workflows with the real one's rules. */
import { isObject, type JsonObject } from "@/graph/json";
import type { VersionItem, VersionRecord } from "./types";

interface Kept {
  readonly versions: VersionRecord[];
  readonly branches: Map<string, string>;
}

const NAME = "[^/?]+";
const ROUTES: readonly [
  string,
  RegExp,
  (server: FakeWorkflows, parts: string[], body: JsonObject, query: URLSearchParams) => Response,
][] = [
  ["POST", /^\/workflows$/, (server, _, body) => server.create(body)],
  ["GET", /^\/workflows$/, (server) => json(200, { workflows: [], total: server.kept.size })],
  ["GET", new RegExp(`^/workflows/(${NAME})$`), (server, [name = ""]) => server.record(name)],
  [
    "POST",
    new RegExp(`^/workflows/(${NAME})/versions$`),
    (server, [name = ""], body) => server.commit(name, body),
  ],
  [
    "GET",
    new RegExp(`^/workflows/(${NAME})/versions$`),
    (server, [name = ""], _, query) => server.log(name, query),
  ],
  [
    "GET",
    new RegExp(`^/workflows/(${NAME})/versions/(${NAME})$`),
    (server, [name = "", ref = ""]) => server.version(name, ref),
  ],
];

export class FakeWorkflows {
  readonly kept = new Map<string, Kept>();

  /** Null for a request that is none of its routes. */
  answer(method: string, path: string, body: JsonObject): Response | null {
    const [place = "", search] = path.split("?");
    for (const [wanted, pattern, handle] of ROUTES) {
      const found = wanted === method ? pattern.exec(place) : null;
      if (found === null) continue;
      return handle(this, found.slice(1).map(decodeURIComponent), body, new URLSearchParams(search));
    }
    return null;
  }

  create(body: JsonObject): Response {
    const name = String(body["name"]);
    if (this.kept.has(name)) return refusal(409, "name_taken");
    const kept: Kept = { versions: [], branches: new Map() };
    this.kept.set(name, kept);
    return json(200, this.add(name, kept, "main", body, []));
  }

  commit(name: string, body: JsonObject): Response {
    const kept = this.kept.get(name);
    if (kept === undefined) return refusal(404, "not_found");
    const { document, parent, branch } = body;
    const head = kept.branches.get(String(branch));
    if (head === parent) {
      const before = kept.versions.find(({ id }) => id === head);
      const isSame = JSON.stringify(before?.document) === JSON.stringify(document);
      const version =
        isSame && before !== undefined
          ? before
          : this.add(name, kept, String(branch), body, [String(parent)]);
      return json(200, { version, branch, changed: !isSame });
    }
    const own = `${branch}-${String(kept.versions.length).padStart(8, "0")}`;
    const version = this.add(name, kept, own, body, [String(parent)]);
    const theirs = kept.versions.find(({ id }) => id === head);
    const error = { code: "branch_conflict", message: "the branch has gone on" };
    return json(409, { error, version, branch: own, head: theirs });
  }

  record(name: string): Response {
    const kept = this.kept.get(name);
    if (kept === undefined) return refusal(404, "not_found");
    const branches = [...kept.branches].map(([branch, id]) => ({
      name: branch,
      version: kept.versions.find((one) => one.id === id),
    }));
    return json(200, { name, branches, tags: [], releases: [], labels: [] });
  }

  log(name: string, query: URLSearchParams): Response {
    const kept = this.kept.get(name);
    if (kept === undefined) return refusal(404, "not_found");
    const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
    const older = kept.versions.toReversed().filter(({ number }) => number < before);
    const limit = Number(query.get("limit") ?? 50);
    return json(200, { versions: older.slice(0, limit), more: older.length > limit });
  }

  version(name: string, ref: string): Response {
    const kept = this.kept.get(name);
    const id = kept?.branches.get(ref) ?? ref;
    const found = kept?.versions.find((one) => one.id === id || `#${one.number}` === id);
    return found === undefined ? refusal(404, "not_found") : json(200, found);
  }

  /** What a branch holds. */
  head(name: string, branch = "main"): VersionRecord | undefined {
    const kept = this.kept.get(name);
    return kept?.versions.find(({ id }) => id === kept.branches.get(branch));
  }

  private add(name: string, kept: Kept, branch: string, body: JsonObject, parents: string[]): VersionItem {
    const number = kept.versions.length + 1;
    const version: VersionRecord = {
      id: `${name}-${number}`,
      workflow: name,
      number,
      document_digest: `d${number}`,
      layout_digest: `l${number}`,
      parents,
      author: "somebody",
      message: String(body["message"] ?? ""),
      created: 1_700_000_000_000 + number,
      branches: [branch],
      tags: [],
      releases: [],
      thumbnail: null,
      has_function: false,
      document: isObject(body["document"]) ? { ...body["document"] } : {},
      function: null,
    };
    kept.versions.push(version);
    kept.branches.set(branch, version.id);
    return version;
  }
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

function refusal(status: number, code: string): Response {
  return json(status, { error: { code, message: code } });
}
