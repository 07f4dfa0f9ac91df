/** What reading the workflow that was opened last had to repair or could not make out. */
import { create } from "zustand";
import type { Finding } from "@/graph/formats/finding";

export interface Report {
  /** The workflow it is about. */
  readonly docId: string;
  /** What it was read from, as a person knows it. */
  readonly source: string;
  readonly findings: readonly Finding[];
}

export const useReport = create<{ readonly report: Report | null }>(() => ({ report: null }));

export function showReport(report: Report | null): void {
  useReport.setState({ report });
}
