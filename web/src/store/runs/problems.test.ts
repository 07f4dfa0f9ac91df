import { describe, expect, it } from "vitest";
import type { PinnedProblem } from "../runs";
import { problemsOf, withoutThose } from "./problems";

const CFG = {
  type: "value_bigger_than_max",
  message: "Value 1000.0 bigger than max of 100.0",
  details: "cfg",
  extra_info: { input_name: "cfg", input_config: ["FLOAT", {}], received_value: 1000 },
};

describe("what a refusal says", () => {
  it("is pinned to node and input", () => {
    const body = {
      error: {
        type: "prompt_outputs_failed_validation",
        message: "Prompt outputs failed validation",
        details: "",
      },
      node_errors: { "12:3": { errors: [CFG], dependent_outputs: ["9"], class_type: "KSampler" } },
    };
    expect(problemsOf(body)).toEqual([
      {
        code: "value_bigger_than_max",
        message: "Value 1000.0 bigger than max of 100.0",
        details: "cfg",
        node: "12:3",
        input: "cfg",
        origin: "server",
      },
    ]);
  });

  it("concerns the whole graph if no node is named", () => {
    const error = {
      type: "prompt_no_outputs",
      message: "Prompt has no outputs",
      details: "",
      extra_info: {},
    };
    expect(problemsOf({ error, node_errors: {} })).toEqual([
      expect.objectContaining({ code: "prompt_no_outputs", node: null, input: null }),
    ]);
  });

  it("carries the suggestion, once", () => {
    const extra_info = { input_name: "sampler_name", suggestion: "Did you mean 'euler'?" };
    const errors = [{ type: "value_not_in_list", message: "Value not in list", details: "eulr", extra_info }];
    expect(problemsOf({ node_errors: { "3": { errors } } })[0]?.details).toBe("eulr\nDid you mean 'euler'?");
  });

  it("is not said twice when graph and node have the same", () => {
    const error = { type: "invalid_prompt", message: "no such class", details: "Node ID '#3'" };
    const errors = [{ type: "missing_node_type", message: "no such class", details: "", extra_info: {} }];
    expect(problemsOf({ error, node_errors: { "3": { errors } } })).toHaveLength(1);
  });

  it("of an accepted part names what was left out", () => {
    expect(problemsOf({ node_errors: { "3": { errors: [CFG] } } })).toHaveLength(1);
    expect(problemsOf({ node_errors: {} })).toEqual([]);
  });
});

it("what the server has said is not suspected again", () => {
  const local: PinnedProblem = {
    code: "a",
    message: "",
    details: "",
    node: "1",
    input: "x",
    origin: "local",
  };
  const server: PinnedProblem = { ...local, message: "really", origin: "server" };
  expect(withoutThose([local, { ...local, input: "y" }], [server])).toEqual([{ ...local, input: "y" }]);
});
