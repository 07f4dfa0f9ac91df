/** What each open workflow shows of its runs, whether it is on screen or not. */
import { type NodeRun, type PinnedProblem, useRuns } from "../runs";
import { withoutThose } from "./problems";
import type { JobView } from "./view";

interface Board {
  /** The job whose nodes show. */
  job: string | null;
  view: JobView | null;
  nodes: Readonly<Record<string, NodeRun>>;
  /** Whether what shows is only of that job: nodes it does not have go. */
  isWhole: boolean;
  /** By where they were found; what the server and the run said outweighs what we suspect. */
  readonly problems: Record<PinnedProblem["origin"], readonly PinnedProblem[]>;
}

/** Long enough for an image that is being decoded. */
const UNTIL_REVOKED = 2000;

export class Boards {
  private readonly boards = new Map<string, Board>();

  constructor(private readonly open: () => string) {}

  of(doc: string): Board {
    const known = this.boards.get(doc);
    if (known !== undefined) return known;
    const made: Board = {
      job: null,
      view: null,
      nodes: {},
      isWhole: false,
      problems: { local: [], server: [], run: [] },
    };
    this.boards.set(doc, made);
    return made;
  }

  /** Show this job from now on. Nodes it does not concern stay as they are if it is a part of the graph only. */
  show(doc: string, job: string, view: JobView, isPart: boolean): void {
    const board = this.of(doc);
    board.job = job;
    board.view = view;
    board.isWhole = !isPart;
    view.touch();
    // What nodes warned of stays until they run again.
    board.problems.run = isPart ? board.problems.run.filter(({ isWarning }) => isWarning) : [];
  }

  /** Take in what has changed in the jobs that show. */
  refresh(): void {
    for (const [doc, board] of this.boards) {
      const changes = board.view?.changes((image) => URL.createObjectURL(image));
      if (changes === undefined || changes.size === 0) continue;
      const old = board.nodes;
      const nodes = board.isWhole ? {} : { ...old };
      board.isWhole = false;
      const found: PinnedProblem[] = board.problems.run.filter((one) => !changes.has(one.node ?? ""));
      for (const [node, run] of changes) {
        const shown = old[node];
        const preview = shown?.preview ?? null;
        if (preview !== null && preview !== run?.preview)
          setTimeout(() => URL.revokeObjectURL(preview), UNTIL_REVOKED);
        if (run === null) delete nodes[node];
        // What looks the same stays the same object, so that nothing is drawn anew.
        else nodes[node] = shown !== undefined && same(shown, run) ? shown : run;
        if (run === null || !board.view?.sent.has(node)) continue;
        if (run.error !== null) found.push(problemOf(node, run.error));
        found.push(...run.warnings.map((message) => warningOf(node, message)));
      }
      board.nodes = nodes;
      const before = board.problems.run;
      if (found.length !== before.length || found.length > 0) board.problems.run = found;
      if (doc === this.open()) this.publish();
    }
  }

  setProblems(doc: string, origin: PinnedProblem["origin"], problems: readonly PinnedProblem[]): void {
    this.of(doc).problems[origin] = problems;
    if (doc === this.open()) this.publish();
  }

  /** Put the board of the open workflow on screen. */
  publish(): void {
    const board = this.of(this.open());
    const { local, server, run } = board.problems;
    const problems = [...run, ...server, ...withoutThose(local, server)];
    const shown = useRuns.getState();
    const same =
      problems.length === shown.problems.length && problems.every((one, i) => one === shown.problems[i]);
    useRuns.setState({ nodes: board.nodes, problems: same ? shown.problems : problems });
  }
}

function problemOf(node: string, error: NonNullable<NodeRun["error"]>): PinnedProblem {
  return { code: error.type, message: error.message, details: "", node, input: null, origin: "run" };
}

function warningOf(node: string, message: string): PinnedProblem {
  const what = { code: "node_warning", message, details: "", node, input: null };
  return { ...what, origin: "run", isWarning: true };
}

function same(a: NodeRun, b: NodeRun): boolean {
  return (
    a.state === b.state &&
    a.seconds === b.seconds &&
    a.preview === b.preview &&
    a.error === b.error &&
    equal(a.progress, b.progress) &&
    equal(a.reason, b.reason) &&
    equal(a.images, b.images) &&
    equal(a.texts, b.texts) &&
    equal(a.warnings, b.warnings)
  );
}

function equal(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
