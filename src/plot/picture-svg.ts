import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  TitleComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { ConnectionPicture } from './connection-picture.ts';
import { growthOf, type Point, pointsOf, ratesOf, sharesOf, stepsOf } from './curves.ts';

use([
  BarChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  TitleComponent,
  SVGRenderer,
]);

const WIDTH_PX = 1_000;
const PANEL_PX = 150;
const PANEL_EVERY_PX = 210;
const FIRST_PANEL_PX = 80;
const LEFT_PX = 80;
const MEGA = 1e6;
const KILO = 1e3;
/** Of which a rate is the mean. */
const RATE_SPANS = 120;

type Drawn = 'line' | 'thin' | 'steps' | 'points' | 'bars' | 'share';

interface Curve {
  readonly name: string;
  readonly as: Drawn;
  readonly points: readonly Point[];
}

interface Panel {
  readonly y: string;
  readonly curves: readonly Curve[];
  readonly max?: number;
}

/** One transfer as SVG text: a panel a question, one axis of time for all, stalls shaded. */
export function svgOfPicture(picture: ConnectionPicture, title: string): string {
  const panels = panelsOf(picture)
    .map(({ curves, ...panel }) => ({
      ...panel,
      curves: curves.filter(({ points }) => points.length > 0),
    }))
    .filter(({ curves }) => curves.length > 0);
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH_PX,
    height: FIRST_PANEL_PX + panels.length * PANEL_EVERY_PX,
  });
  const range = { min: picture.firstMs / 1_000, max: picture.lastMs / 1_000 };
  chart.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: panels.map(({ curves }, index) => ({
      data: curves.map(({ name }) => name),
      top: panelTopPx(index) - 28,
      left: LEFT_PX,
      itemGap: 30,
      itemHeight: 3,
      icon: 'rect',
      selectedMode: false,
    })),
    grid: panels.map((_panel, index) => ({
      ...{ left: LEFT_PX, right: 30, top: panelTopPx(index), height: PANEL_PX },
    })),
    xAxis: panels.map((_panel, index) => ({
      ...{
        type: 'value',
        gridIndex: index,
        ...range,
        axisLabel: { showMinLabel: false, showMaxLabel: false },
      },
      ...(index === panels.length - 1
        ? { name: 'seconds', nameLocation: 'middle', nameGap: 25 }
        : {}),
    })),
    yAxis: panels.map(({ y, max }, index) => ({
      ...{ type: 'value', gridIndex: index, min: 0, name: y, nameLocation: 'middle', nameGap: 50 },
      ...{ splitNumber: 3, ...(max === undefined ? {} : { max }) },
    })),
    series: panels.flatMap(({ curves }, index) =>
      curves.map((curve, nth) => ({
        ...seriesOf(curve),
        ...{ xAxisIndex: index, yAxisIndex: index },
        ...(nth === 0 ? { markArea: stallAreas(picture) } : {}),
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function panelsOf(picture: ConnectionPicture): Panel[] {
  const line = (name: string, points: readonly Point[], as: Drawn = 'line'): Curve => ({
    ...{ name, as, points },
  });
  const stream = picture.isSender
    ? [
        line('sent', pointsOf(picture, 'sentOffset', MEGA)),
        line('acknowledged', pointsOf(picture, 'acknowledgedOffset', MEGA)),
        line('sent again', pointsOf(picture, 'resentOffset', MEGA), 'points'),
      ]
    : [line('received', pointsOf(picture, 'receivedOffset', MEGA))];
  const rate = picture.isSender
    ? [
        line('leaves, all of UDP', ratesOf(picture, 'sentBytes', MEGA, RATE_SPANS), 'thin'),
        line('acknowledged', growthOf(picture, 'acknowledgedOffset', MEGA, RATE_SPANS)),
      ]
    : [
        line('comes, all of UDP', ratesOf(picture, 'receivedBytes', MEGA, RATE_SPANS), 'thin'),
        line('new', growthOf(picture, 'receivedOffset', MEGA, RATE_SPANS)),
      ];
  return [
    { y: 'stream, MB', curves: stream },
    { y: 'MB/s', curves: rate },
    {
      y: 'RTT, ms',
      curves: [
        line('highest RTT', pointsOf(picture, 'highestRttMs'), 'thin'),
        line('lowest RTT', pointsOf(picture, 'lowestRttMs'), 'thin'),
        line('smoothed RTT', pointsOf(picture, 'smoothedRttMs')),
      ],
    },
    {
      y: 'kB',
      curves: [
        line('window', stepsOf(picture, 'windowBytes', KILO), 'steps'),
        line('in flight', pointsOf(picture, 'bytesInFlight', KILO), 'thin'),
      ],
    },
    {
      y: 'packets',
      curves: [
        line('lost', pointsOf(picture, 'lostCount'), 'bars'),
        line('probe timeouts', pointsOf(picture, 'probeTimeoutCount'), 'points'),
      ],
    },
    {
      y: 'of the time',
      max: 1,
      curves: [
        line('waits for the path', sharesOf(picture, 'pathMs'), 'share'),
        line('waits for credit', sharesOf(picture, 'creditMs'), 'share'),
        line('waits for the source', sharesOf(picture, 'sourceMs'), 'share'),
      ],
    },
  ];
}

function panelTopPx(index: number): number {
  return FIRST_PANEL_PX + index * PANEL_EVERY_PX;
}

function seriesOf({ name, as, points }: Curve): object {
  const series = { name, data: points };
  switch (as) {
    case 'points':
      return { ...series, type: 'scatter', symbolSize: 4 };
    case 'bars':
      return { ...series, type: 'bar', barWidth: 2 };
    case 'share':
      return {
        ...{ ...series, type: 'line', stack: 'share', showSymbol: false },
        ...{ areaStyle: {}, lineStyle: { width: 0 } },
      };
    default:
      return {
        ...{ ...series, type: 'line', showSymbol: points.length < 2 },
        lineStyle: { width: as === 'thin' ? 0.8 : 1.6 },
        ...(as === 'steps' ? { step: 'end' } : {}),
      };
  }
}

function stallAreas({ stalls }: ConnectionPicture): object {
  return {
    itemStyle: { color: 'rgba(214, 64, 69, 0.18)' },
    data: stalls.map(({ fromMs, toMs }) => [{ xAxis: fromMs / 1_000 }, { xAxis: toMs / 1_000 }]),
  };
}
