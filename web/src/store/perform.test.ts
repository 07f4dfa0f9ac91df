import i18next from "i18next";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { addCommands } from "./commands";
import { perform, runCommand } from "./perform";
import { useNotices } from "./persist/notices";
import { useRuns } from "./runs";

const gone = async () => {
  throw new TypeError("Failed to fetch dynamically imported module");
};
const told = () => useNotices.getState().all.map(({ kind, key, params }) => ({ kind, key, params }));

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  await i18next.init({ lng: "en", resources: {} });
});
beforeEach(() => useNotices.setState({ all: [] }));

it("a command whose code cannot be fetched while the server is gone says that it has to wait", async () => {
  useRuns.setState({ connection: "offline" });
  await perform({ id: "file.save", area: "file", run: gone });
  expect(told()).toEqual([{ kind: "error", key: "app:command.unreachable", params: {} }]);
});

it("a command that fails says why", async () => {
  useRuns.setState({ connection: "online" });
  await perform({
    id: "file.save",
    area: "file",
    run: () => {
      throw new Error("no room");
    },
  });
  expect(told()).toEqual([
    { kind: "error", key: "app:command.failed", params: { reason: "Error: no room" } },
  ]);
});

it("a command is done by its name, if it is there and can be done now", async () => {
  let done = 0;
  const run = () => {
    done += 1;
  };
  const remove = addCommands([
    { id: "file.save", area: "file", run },
    { id: "file.open", area: "file", when: () => false, run },
  ]);
  expect([runCommand("file.save"), runCommand("file.open"), runCommand("file.none")]).toEqual([
    true,
    false,
    false,
  ]);
  expect(done).toBe(1);
  remove();
});
