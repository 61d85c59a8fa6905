import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/index.css'
import './tokens.css'
import './base.css'
import './controls.css'
import './panels.css'
import { createApp } from 'vue'
import { connectEngine } from '../composables/useEngine'
import App from './App.vue'

createApp(App, { client: connectEngine() }).mount('#app')
