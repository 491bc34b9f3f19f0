# The image that people start with: one stage, everything that built the application is still in it.
FROM node:18
WORKDIR /app
COPY package*.json ./
RUN npm install
COPY . .
RUN npm run build
CMD ["node", "index.js"]
