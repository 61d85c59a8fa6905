import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { type Bridge, CHANNEL, ENGINE_PORT, type LaunchRequest } from './bridge'

const bridge: Bridge = {
  connectEngine: () => ipcRenderer.send(CHANNEL.connectEngine),
  onEngineGone: (listener) => {
    ipcRenderer.on(CHANNEL.engineGone, (_event, code: number) => listener(code))
  },
  info: () => ipcRenderer.invoke(CHANNEL.info),
  launchRequest: () => ipcRenderer.invoke(CHANNEL.launchRequest),
  onOpenRequest: (listener) => {
    ipcRenderer.on(CHANNEL.openRequest, (_event, request: LaunchRequest) => listener(request))
  },
  pickSession: () => ipcRenderer.invoke(CHANNEL.pickSession),
  pickSave: (kind, name) => ipcRenderer.invoke(CHANNEL.pickSave, kind, name),
  openReport: (file) => ipcRenderer.invoke(CHANNEL.openReport, file),
  printReport: (file, html, started) => ipcRenderer.invoke(CHANNEL.printReport, file, html, started),
  showInFolder: (file) => ipcRenderer.invoke(CHANNEL.showInFolder, file),
  setTheme: (theme) => ipcRenderer.invoke(CHANNEL.setTheme, theme),
  pathOf: (file) => webUtils.getPathForFile(file)
}

ipcRenderer.on(CHANNEL.enginePort, (event) => window.postMessage(ENGINE_PORT, window.location.origin, event.ports))
contextBridge.exposeInMainWorld('vascope', bridge)
