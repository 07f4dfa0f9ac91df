import { Component, type ErrorInfo, type ReactNode } from "react";
import { Crash } from "./Crash";

interface Props {
  /** What breaks if this breaks: chooses the words. */
  readonly place: "page" | "canvas" | "panel";
  readonly children: ReactNode;
}
interface State {
  readonly error: Error | null;
  readonly stack: string;
}

/** Keeps a fault in one part of the page from taking the rest with it. The document lies in the store, safe. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null, stack: "" };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(_: Error, { componentStack }: ErrorInfo): void {
    this.setState({ stack: componentStack ?? "" });
  }

  override render(): ReactNode {
    const { error, stack } = this.state;
    if (error === null) return this.props.children;
    const again = () => this.setState({ error: null, stack: "" });
    return <Crash place={this.props.place} error={error} stack={stack} onRetry={again} />;
  }
}
