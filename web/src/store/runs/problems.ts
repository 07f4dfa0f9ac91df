/** What the server says is wrong with a graph, pinned to nodes and inputs. */
import { isObject, type Json, type JsonObject } from "@/graph/json";
import type { PinnedProblem } from "../runs";

/** Says only that there are errors of nodes. */
const SEE_NODES = "prompt_outputs_failed_validation";

/** The problems in the body of a refusal, or in `node_errors` of an answer that took a part of the graph. */
export function problemsOf(body: {
  readonly error?: unknown;
  readonly node_errors?: unknown;
}): PinnedProblem[] {
  const nodes = isObject(body.node_errors) ? body.node_errors : {};
  const pinned = Object.entries(nodes).flatMap(([node, entry]) => ofNode(node, entry));
  const whole = isObject(body.error) ? problem(body.error, null) : null;
  if (whole === null || (pinned.length > 0 && whole.code === SEE_NODES)) return pinned;
  // The same thing may be said of the graph and of its node: then the node's is enough.
  return pinned.some((one) => one.message === whole.message) ? pinned : [whole, ...pinned];
}

function ofNode(node: string, entry: Json): PinnedProblem[] {
  const errors = isObject(entry) && Array.isArray(entry["errors"]) ? entry["errors"] : [];
  return errors.filter(isObject).map((error) => problem(error, node));
}

function problem(error: JsonObject, node: string | null): PinnedProblem {
  const extra = isObject(error["extra_info"]) ? error["extra_info"] : {};
  const suggestion = text(extra["suggestion"]);
  const details = text(error["details"]);
  return {
    code: text(error["type"]) || text(error["code"]) || "invalid_prompt",
    message: text(error["message"]),
    details: suggestion === "" || details.includes(suggestion) ? details : `${details}\n${suggestion}`.trim(),
    node,
    input: text(extra["input_name"]) || null,
    origin: "server",
  };
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** The problems without those that another list names as well: same node, input and code. */
export function withoutThose(
  problems: readonly PinnedProblem[],
  others: readonly PinnedProblem[],
): PinnedProblem[] {
  const key = ({ node, input, code }: PinnedProblem) => `${node} ${input} ${code}`;
  const known = new Set(others.map(key));
  return problems.filter((one) => !known.has(key(one)));
}
