"""The study: when does an adapter remove drift and omission, and when does it hide the content?"""
