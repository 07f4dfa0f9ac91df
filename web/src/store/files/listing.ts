/** The workflow files of the server, as last listed. */
import { create } from "zustand";
import { type FileInfo, listFiles } from "./userdata";

interface Listing {
  readonly files: readonly FileInfo[];
  readonly status: "loading" | "ready" | "failed";
}

export const useListing = create<Listing>(() => ({ files: [], status: "loading" }));

/** Those at hand stay if the server cannot be reached. */
export async function refreshListing(): Promise<void> {
  try {
    useListing.setState({ files: await listFiles(), status: "ready" });
  } catch {
    useListing.setState({ status: "failed" });
  }
}
