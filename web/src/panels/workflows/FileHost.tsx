import { Suspense } from "react";
import { later } from "@/api/parts";
import { useQuestion } from "@/store/files/ask";
import { DropZone } from "./DropZone";
import { Notices } from "./Notices";
import { useImages } from "./useImages";
import { usePaste } from "./usePaste";

const QuestionDialog = later(() => import("./QuestionDialog"), "QuestionDialog");

/** What opening and saving show wherever one is: their messages, their questions, and where to drop a file. */
export function FileHost() {
  useImages();
  usePaste();
  const isAsking = useQuestion(({ question }) => question !== null);
  return (
    <>
      <Notices />
      <DropZone />
      <Suspense fallback={null}>{isAsking && <QuestionDialog />}</Suspense>
    </>
  );
}
