// First, so that its layer is the lowest.
import "./theme/tokens.css";
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { reloadIfRenewed } from "./api/parts";
import { App } from "./app/App";
import { start } from "./app/start";
import { setupI18n } from "./i18n";
import { setting } from "./store/settings";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");

// A part of an older build is gone from the server: the page as it is now has it, and edits are kept.
window.addEventListener("vite:preloadError", () => void reloadIfRenewed());

// The server is asked while the page is drawn.
const started = start();
// Nothing is awaited at the top: a catalogue's file waits for this one to be done.
void setupI18n(setting("language")).then(() =>
  createRoot(root).render(
    <StrictMode>
      <App started={started} />
    </StrictMode>,
  ),
);
