import { useState } from 'preact/hooks';
import { upload } from '../../api/call.ts';
import type { Input, Output } from '../../api/catalogue.ts';
import { t } from '../../i18n/index.ts';
import { ErrorNotice } from '../../parts/notice.tsx';
import { Page } from '../../parts/page.tsx';
import { ChooseFile } from './choose-file.tsx';
import { Columns } from './columns.tsx';
import { ImportResult } from './import-result.tsx';

export type Preview = Output<'leads.preview_import'>;
export type Report = Output<'leads.import'>;
export type Mapping = Readonly<Record<string, string>>;

/** So much of a file of text is looked at before anything is stored; a workbook is looked at whole. */
const LOOKED_AT = 256 * 1024;

/** A file, what would be kept of each of its columns, and what became of it. */
export default function Import() {
  const [file, setFile] = useState<File | null>(null);
  const [preview, setPreview] = useState<Preview | null>(null);
  const [map, setMap] = useState<Mapping>({});
  const [country, setCountry] = useState('');
  const [report, setReport] = useState<Report | null>(null);
  const [progress, setProgress] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const words = t().import;

  const inputOf = (name: string, mapping: Mapping, from: string): Input<'leads.preview_import'> => ({
    file_name: name,
    ...(Object.keys(mapping).length > 0 && { map: mapping }),
    ...(from !== '' && { country: from }),
  });
  const look = async (one: File, mapping: Mapping, from: string) => {
    setError(null);
    try {
      setPreview(
        await upload('leads.preview_import', await beginningOf(one), inputOf(one.name, mapping, from)),
      );
    } catch (failure) {
      setError(failure);
    }
  };
  const choose = (one: File) => {
    setFile(one);
    setMap({});
    setPreview(null);
    void look(one, {}, country);
  };
  const change = (mapping: Mapping, from: string) => {
    setMap(mapping);
    setCountry(from);
    void look(file!, mapping, from);
  };
  const start = async () => {
    setError(null);
    setProgress(0);
    try {
      setReport(await upload('leads.import', file!, inputOf(file!.name, map, country), setProgress));
    } catch (failure) {
      setError(failure);
    } finally {
      setProgress(null);
    }
  };
  const again = () => {
    setFile(null);
    setPreview(null);
    setReport(null);
    setError(null);
  };
  const step = report ? 2 : file ? 1 : 0;
  return (
    <Page title={words.title} beside={file && <span class="quiet">{file.name}</span>}>
      <ol class="steps">
        {[words.steps.file, words.steps.columns, words.steps.result].map((name, at) => (
          <li key={name} aria-current={at === step ? 'step' : undefined}>
            {at + 1} {name}
          </li>
        ))}
      </ol>
      {error !== null && <ErrorNotice error={error} />}
      {step === 0 && <ChooseFile onChoose={choose} />}
      {step === 1 && preview === null && error === null && <p role="status">{words.reading}</p>}
      {step === 1 && (
        <Columns
          preview={preview}
          map={map}
          country={country}
          progress={progress}
          onChange={change}
          onStart={start}
          onAgain={again}
        />
      )}
      {report && <ImportResult report={report} onAgain={again} />}
    </Page>
  );
}

/** Whole lines: the last one that is cut would be a row that is not there. */
async function beginningOf(file: File): Promise<Blob> {
  if (file.size <= LOOKED_AT || !/\.(csv|tsv|txt)$/i.test(file.name)) return file;
  const bytes = new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer());
  const end = bytes.lastIndexOf(10);
  return new Blob([end > 0 ? bytes.subarray(0, end + 1) : bytes]);
}
