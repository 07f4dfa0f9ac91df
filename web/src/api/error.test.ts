import { describe, expect, it } from "vitest";
import { errorOf } from "./error";

describe("an error of the server", () => {
  it("is ours, with code and place", () => {
    const body = { error: { code: "invalid_body", message: "count: not a number", where: "count" } };
    expect(errorOf(400, JSON.stringify(body))).toMatchObject({
      status: 400,
      code: "invalid_body",
      message: "count: not a number",
      where: "count",
      body,
    });
  });
  it("is ComfyUI's, with its details", () => {
    const error = {
      type: "invalid_prompt",
      message: "no such class",
      details: "Node ID '#3'",
      extra_info: {},
    };
    expect(errorOf(400, JSON.stringify({ error, node_errors: {} }))).toMatchObject({
      code: "invalid_prompt",
      message: "no such class: Node ID '#3'",
    });
  });
  it("is a word, or plain text", () => {
    expect(errorOf(404, '{"error": "Job not found"}').message).toBe("Job not found");
    expect(errorOf(500, "Server got itself in trouble")).toMatchObject({
      code: "http_500",
      unreachable: false,
    });
    expect(errorOf(418, "").message).toBe("HTTP 418");
  });
  it("of a proxy that cannot reach the server is that it cannot be reached", () => {
    expect(errorOf(502, "<html>Bad Gateway</html>").unreachable).toBe(true);
    const away = { error: { code: "worker_away", message: "ask again soon", where: "worker" } };
    expect(errorOf(503, JSON.stringify(away))).toMatchObject({ code: "worker_away", unreachable: false });
  });
});
