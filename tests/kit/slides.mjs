// Measures the slides in the browser, as they are printed. A line for each fault
// goes to standard output, then one for each deck with the number of its slides.
//
// Usage: node slides.mjs FOLDER CHROMIUM DECK.html...
//   FOLDER   where Marp CLI is installed; its puppeteer-core drives the browser
// A slide has a fault if
//   - something stands outside its borders (the foot is apart), or its own box
//   - something stands on something else
//   - a picture is broken, or its own words leave it or stand on each other
//   - letters are too small: words below 28 px, code below 20, those of pictures below
//     19, all else below 15
//   - it has no notes, or something of it comes from the network
// A deck has a fault if it has fewer than 8 slides or more than 14, if there is
// not just one slide with three questions and an answer to each in the notes, or
// if its PDF has another number of pages.
// Exit status: 0 no fault, 1 faults.

import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inflateSync } from 'node:zlib'

const [folder, chromium, ...decks] = process.argv.slice(2)
const require = createRequire(resolve(folder, 'package.json'))
const puppeteer = require('puppeteer-core')

let faults = 0
function complain(deck, slide, what) {
    console.log(`${deck}${slide ? `, slide ${slide}` : ''}: ${what}`)
    faults++
}

// Runs in the page: what each slide is like, and what is wrong with it.
function measure() {
    const round = (number) => Math.round(number * 10) / 10
    const short = (text) => JSON.stringify(text.trim().replace(/\s+/g, ' ').slice(0, 40))

    // The boxes of the letters in an element.
    function letters(element) {
        const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
        const found = []
        for (let node = walk.nextNode(); node; node = walk.nextNode()) {
            if (!node.data.trim()) continue
            const range = document.createRange()
            range.selectNodeContents(node)
            for (const box of range.getClientRects())
                if (box.width > 0) found.push({ box, node })
        }
        return found
    }

    function outside(inner, outer) {
        const over = { left: outer.left - inner.left, top: outer.top - inner.top,
            right: inner.right - outer.right, bottom: inner.bottom - outer.bottom }
        const side = Object.keys(over).reduce((a, b) => (over[a] > over[b] ? a : b))
        return over[side] > 1 ? `${round(over[side])} px over its ${side} border` : ''
    }

    // A slide with a background is three sections; one of them has its words.
    const background = 'data-marpit-advanced-background'
    return [...document.querySelectorAll('section')].filter((section) =>
        ['content', null].includes(section.getAttribute(background))).map((section, index) => {
        const faults = []
        const slide = section.getBoundingClientRect()
        if (round(slide.width) !== 1280 || round(slide.height) !== 720)
            faults.push(`it is measured at ${slide.width} by ${slide.height}, not 1280 by 720`)
        const style = getComputedStyle(section)
        const room = {
            left: slide.left + parseFloat(style.paddingLeft),
            top: slide.top + parseFloat(style.paddingTop),
            right: slide.right - parseFloat(style.paddingRight),
            bottom: slide.bottom - parseFloat(style.paddingBottom),
        }
        const blocks = [...section.children].filter((block) => block.tagName !== 'FOOTER')

        if (section.scrollHeight > section.clientHeight || section.scrollWidth > section.clientWidth)
            faults.push(`its content is ${section.scrollWidth} by ${section.scrollHeight}`)
        for (const block of blocks) {
            const over = outside(block.getBoundingClientRect(), room)
            if (over) faults.push(`${block.tagName} ${short(block.textContent)} is ${over}`)
        }
        for (const element of section.querySelectorAll('*')) {
            if (getComputedStyle(element).display.startsWith('inline')) continue
            if (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
                faults.push(`${element.tagName} ${short(element.textContent)} is too small for what is in it`)
        }
        for (const block of section.children) {
            const own = block.getBoundingClientRect()
            for (const { box, node } of letters(block)) {
                const over = outside(box, block.tagName === 'FOOTER' ? slide : room) || outside(box, own)
                if (over) faults.push(`the words ${short(node.data)} are ${over}`)
            }
        }
        blocks.forEach((one, i) => blocks.slice(i + 1).forEach((other) => {
            const a = one.getBoundingClientRect(), b = other.getBoundingClientRect()
            if (Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1 &&
                Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1)
                faults.push(`${one.tagName} ${short(one.textContent)} and ${other.tagName} ` +
                    `${short(other.textContent)} stand on each other`)
        }))

        for (const { node } of letters(section)) {
            const parent = node.parentElement
            const size = parseFloat(getComputedStyle(parent).fontSize)
            // The foot and the captions are small; code is smaller than words.
            const caption = parent.closest('p') && parent.closest('p').firstElementChild?.tagName === 'EM'
            const least = parent.closest('footer') || caption ? 15 : parent.closest('code') ? 20 : 28
            if (size < least) faults.push(`the words ${short(node.data)} have ${size} px: ${least} are the least`)
        }

        const pictures = [...section.querySelectorAll('img')].map((image) => {
            if (!image.complete || image.naturalWidth === 0) {
                faults.push(`the picture ${image.getAttribute('src')} is broken`)
                return null
            }
            if (!image.alt) faults.push(`the picture ${image.getAttribute('src')} has no words for those who cannot see it`)
            const box = image.getBoundingClientRect()
            return { source: image.src, width: box.width, height: box.height }
        }).filter(Boolean)
        // What is behind the words would not be measured.
        if (section.hasAttribute(background) || style.backgroundImage !== 'none')
            faults.push('it has a background: a picture stands among the words here')

        const note = document.querySelector(`.bespoke-marp-note[data-index="${index}"]`)?.innerText ||
            document.querySelector(`.bespoke-marp-note[data-index="${index}"]`)?.textContent || ''
        return {
            faults,
            pictures,
            note,
            questions: section.classList.contains('ask')
                ? [...section.querySelectorAll('ol > li')].map((item) => item.textContent.trim())
                : null,
        }
    })
}

// Runs in a picture: its smallest letters, and words that leave it or touch.
function measurePicture() {
    const picture = document.documentElement
    const box = picture.viewBox.baseVal
    const words = [...picture.querySelectorAll('text')].map((text) => ({
        said: JSON.stringify(text.textContent),
        size: parseFloat(getComputedStyle(text).fontSize),
        box: text.getBBox(),
    }))
    const faults = []
    words.forEach((one, i) => {
        const a = one.box
        if (a.x < box.x || a.y < box.y || a.x + a.width > box.x + box.width || a.y + a.height > box.y + box.height)
            faults.push(`its words ${one.said} leave it`)
        words.slice(i + 1).forEach((other) => {
            const b = other.box
            if (Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1 &&
                Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 6)
                faults.push(`its words ${one.said} and ${other.said} stand on each other`)
        })
    })
    return { width: box.width, height: box.height, faults,
        size: Math.min(...words.map((word) => word.size)) }
}

// The pages of a PDF. Its objects may be packed.
function pagesOf(file) {
    const bytes = readFileSync(file)
    const count = (text) => text.match(/\/Type\s*\/Page\b/g)?.length ?? 0
    const text = bytes.toString('latin1')
    let pages = count(text)
    for (const { 0: before, index } of text.matchAll(/\/ObjStm\b[^]*?stream\r?\n/g)) {
        const from = index + before.length
        pages += count(inflateSync(bytes.subarray(from, text.indexOf('endstream', from))).toString('latin1'))
    }
    return pages
}

const browser = await puppeteer.launch({
    executablePath: chromium,
    args: ['--no-sandbox', '--disable-gpu', '--allow-file-access-from-files'],
    protocolTimeout: 120000,
})
try {
    const page = await browser.newPage()
    await page.setViewport({ width: 1280, height: 720 })
    await page.emulateMediaType('print')
    let abroad = new Set()
    await page.setRequestInterception(true)
    page.on('request', (request) => {
        if (/^(file|data|blob|about):/.test(request.url())) return request.continue()
        abroad.add(request.url())
        return request.abort()
    })

    for (const file of decks) {
        const deck = basename(file, '.html')
        abroad = new Set()
        await page.goto(pathToFileURL(resolve(file)).href, { waitUntil: 'load' })
        await page.evaluate(() => document.fonts.ready.then(() => true))
        const slides = await page.evaluate(measure)
        for (const url of abroad) complain(deck, 0, `it asks the network for ${url}`)
        let asked = 0
        for (const [index, slide] of slides.entries()) {
            const number = index + 1
            for (const fault of slide.faults) complain(deck, number, fault)
            if (!slide.note.trim()) complain(deck, number, 'it has no notes')
            if (slide.questions) {
                asked++
                if (slide.questions.length !== 3 || !slide.questions.every((text) => text.endsWith('?')))
                    complain(deck, number, 'it is to have three questions, each with its mark')
                for (const answer of [1, 2, 3])
                    if (!new RegExp(`^\\s*${answer}\\. .{20,}`, 'm').test(slide.note))
                        complain(deck, number, `its notes have no answer ${answer}`)
            }
            for (const picture of slide.pictures) {
                if (!picture.source.endsWith('.svg')) continue
                const name = `${basename(dirname(picture.source))}/${basename(picture.source)}`
                await page.goto(picture.source)
                const inside = await page.evaluate(measurePicture)
                const scale = Math.min(picture.width / inside.width, picture.height / inside.height)
                for (const fault of inside.faults) complain(deck, number, `the picture ${name}: ${fault}`)
                if (inside.size * scale < 19)
                    complain(deck, number, `the picture ${name}: its letters have ` +
                        `${(inside.size * scale).toFixed(1)} px: 19 are the least`)
            }
        }
        if (slides.length < 8 || slides.length > 14)
            complain(deck, 0, `it has ${slides.length} slides; 8 to 14 fit a lecture`)
        if (asked !== 1) complain(deck, 0, `it has ${asked} slides with questions, and should have one`)
        const pages = pagesOf(file.replace(/html$/, 'pdf'))
        if (pages !== slides.length) complain(deck, 0, `its PDF has ${pages} pages for ${slides.length} slides`)
        console.log(`# ${deck}: ${slides.length} slides`)
    }
} finally {
    await browser.close()
}
process.exit(faults ? 1 : 0)
