using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>The scripts that said <c>run=once</c> and are done: <c>upgrade-history</c> in the state directory, one JSON object a line,
/// only ever appended to. To have a script run again an admin removes its line.</summary>
internal sealed class RunOnceRecord(string stateDirectory)
{
    private readonly string _path = stateDirectory.TrimEnd('/') + "/upgrade-history";

    /// <summary>The sha256 under which the script is recorded as done, or null. <paramref name="why"/>: the record cannot be read.</summary>
    public string? Find(ScriptStage stage, string name, out string? why)
    {
        why = null;
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(_path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = $"{_path} cannot be read: {e.Message}";
            return null;
        }

        string? found = null;
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 1)..];
            if (Matches(line, stage.Name(), name, out string sha))
                found = sha;
        }

        return found;
    }

    /// <summary>Appends, durable when it returns. Null, or why that failed.</summary>
    public string? Add(ScriptStage stage, string name, string sha256, DateTimeOffset at, string runId)
    {
        try
        {
            Directory.CreateDirectory(stateDirectory);
            bool isNew = !File.Exists(_path);
            using (var stream = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 0))
            {
                stream.Seek(WholeLines(stream, out bool endLine), SeekOrigin.Begin);
                byte[] line = Line(stage, name, sha256, at, runId, endLine);
                stream.SetLength(stream.Position);
                stream.Write(line);
                stream.Flush(true);
            }

            return isNew ? SyncDirectory() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{_path} cannot be written: {e.Message}";
        }
    }

    /// <summary>The sha256 of a file's content; null if it cannot be read.</summary>
    public static string? HashOf(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
            var hash = new Sha256();
            byte[] buffer = new byte[32 * 1024];
            for (int got = stream.Read(buffer); got > 0; got = stream.Read(buffer))
                hash.Append(buffer.AsSpan(0, got));
            return hash.FinishHex();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Where to write: after the last line. One that was torn by a crash is cut off; one that only lacks its line end gets it.</summary>
    private static long WholeLines(FileStream stream, out bool endLine)
    {
        endLine = false;
        long length = stream.Length;
        byte[] tail = new byte[Math.Min(length, 64 * 1024)];
        stream.Seek(length - tail.Length, SeekOrigin.Begin);
        stream.ReadExactly(tail);
        if (tail.Length == 0 || tail[^1] == '\n')
            return length;
        int last = Array.LastIndexOf(tail, (byte)'\n') + 1;
        endLine = IsObject(tail.AsSpan(last));
        return endLine ? length : length - tail.Length + last;
    }

    private static bool IsObject(ReadOnlySpan<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            while (json.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static byte[] Line(ScriptStage stage, string name, string sha256, DateTimeOffset at, string runId, bool endBefore)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        if (endBefore)
            buffer.Write("\n"u8);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("stage"u8, stage.Name());
            json.WriteString("name"u8, name);
            json.WriteString("sha256"u8, sha256);
            json.WriteString("time"u8, at.UtcDateTime);
            json.WriteString("run_id"u8, runId);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static bool Matches(ReadOnlySpan<byte> line, string wantedStage, string wantedName, out string sha)
    {
        string? stage = null, name = null, hash = null;
        sha = "";
        try
        {
            var json = new Utf8JsonReader(line);
            while (json.Read())
            {
                if (json.TokenType != JsonTokenType.PropertyName)
                    continue;
                string key = json.GetString()!;
                json.Read();
                if (key == "stage")
                    stage = json.GetString();
                else if (key == "name")
                    name = json.GetString();
                else if (key == "sha256")
                    hash = json.GetString();
                else
                    json.Skip();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // A line that a crash tore, or that an admin wrote, says nothing.
            return false;
        }

        sha = hash ?? "";
        return stage == wantedStage && name == wantedName && hash is not null;
    }

    private string? SyncDirectory()
    {
        int fd = Native.Files.open(stateDirectory, Native.O_RDONLY | Native.O_CLOEXEC, 0);
        bool synced = fd >= 0 && Native.Files.fsync(fd) == 0;
        string? why = synced ? null : $"{stateDirectory} cannot be synced: {Marshal.GetLastPInvokeErrorMessage()}";
        if (fd >= 0)
            _ = Native.Files.close(fd);
        return why;
    }
}
