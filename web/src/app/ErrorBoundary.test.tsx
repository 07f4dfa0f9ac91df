// @vitest-environment happy-dom
import { MantineProvider } from "@mantine/core";
import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setupI18n } from "@/i18n";
import { addCommands } from "@/store/commands";
import { ErrorBoundary } from "./ErrorBoundary";

let root: Root;
let box: HTMLElement;

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  // React says on the console what it caught.
  vi.spyOn(console, "error").mockImplementation(() => {});
  await setupI18n("en");
  box = document.body.appendChild(document.createElement("div"));
  root = createRoot(box);
});
afterEach(async () => {
  await act(async () => root.unmount());
  box.remove();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function show(content: ReactNode): Promise<void> {
  return act(async () => root.render(<MantineProvider>{content}</MantineProvider>));
}

function button(name: string): HTMLButtonElement {
  const found = [...box.querySelectorAll("button")].find((one) => one.textContent === name);
  if (found === undefined) throw new Error(`there is no button ${name}`);
  return found;
}

let isBroken = true;
function Part() {
  if (isBroken) throw new Error("the shutter is stuck");
  return <p>π</p>;
}

describe("a part of the page that fails", () => {
  it("leaves the other parts standing and says what happened", async () => {
    isBroken = true;
    await show(
      <>
        <ErrorBoundary place="canvas">
          <Part />
        </ErrorBoundary>
        <b>42</b>
      </>,
    );
    expect(box.querySelector("[role=alert]")?.textContent).toContain("the shutter is stuck");
    expect(box.querySelector("b")?.textContent).toBe("42");
  });

  it("comes back when it is tried again", async () => {
    isBroken = true;
    await show(
      <ErrorBoundary place="panel">
        <Part />
      </ErrorBoundary>,
    );
    isBroken = false;
    await act(async () => button("Try again").click());
    expect(box.querySelector("p")?.textContent).toBe("π");
  });

  it("lets the workflow be downloaded", async () => {
    const run = vi.fn();
    const take = addCommands([{ id: "file.exportUi", area: "file", run }]);
    isBroken = true;
    await show(
      <ErrorBoundary place="page">
        <Part />
      </ErrorBoundary>,
    );
    await act(async () => button("Download the workflow").click());
    expect(run).toHaveBeenCalledOnce();
    take();
  });
});
