import AddressView from '../features/addresses/AddressView.vue'
import BoardsView from '../features/boards/BoardsView.vue'
import CompareView from '../features/compare/CompareView.vue'
import FindingsView from '../features/findings/FindingsView.vue'
import ObjectsView from '../features/objects/ObjectsView.vue'
import ReportView from '../features/report/ReportView.vue'
import ScenariosView from '../features/scenario/ScenariosView.vue'
import SessionsView from '../features/sessions/SessionsView.vue'
import TimelineView from '../features/timeline/TimelineView.vue'
import type { TabView } from '../model/tab'

/**
 * The views, in the order of their tabs. A new one is a line here: tab, key, palette and key help follow. Keys left free are of views
 * to come, so that they need not move.
 */
export const VIEWS: readonly TabView[] = [
  { id: 'boards', title: 'Boards', key: '1', component: BoardsView, needsSession: false },
  { id: 'timeline', title: 'Timeline', key: '2', component: TimelineView, needsSession: true },
  { id: 'addresses', title: 'Address space', key: '3', component: AddressView, needsSession: true },
  { id: 'objects', title: 'Objects', key: '4', component: ObjectsView, needsSession: true },
  { id: 'findings', title: 'Findings', key: '5', component: FindingsView, needsSession: true },
  { id: 'scenarios', title: 'Scenarios', key: '6', component: ScenariosView, needsSession: false },
  { id: 'compare', title: 'Compare', key: '7', component: CompareView, needsSession: false },
  { id: 'report', title: 'Report', key: '8', component: ReportView, needsSession: true },
  { id: 'sessions', title: 'Sessions', key: '9', component: SessionsView, needsSession: false }
]
